//! A Lambda Runtime API for one function: what AWS runs beside it, small enough for a test.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What the function did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// It is ready and asks for an event.
    Next,
    /// It answered the event of this id.
    Response { id: String, body: Vec<u8> },
    /// It failed on the event of this id, or, without one, before it was ready.
    Error { id: Option<String>, body: Vec<u8> },
}

/// Listens on the loopback interface until the program ends.
#[derive(Debug)]
pub struct RuntimeApi {
    /// For `AWS_LAMBDA_RUNTIME_API`.
    pub address: SocketAddr,
    /// Everything the function does, as it does it.
    pub asked: Receiver<Asked>,
    events: Arc<Mutex<VecDeque<Vec<u8>>>>,
}

impl RuntimeApi {
    /// Starts listening.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let (sender, asked) = mpsc::channel();
        let events = Arc::new(Mutex::new(VecDeque::new()));
        let waiting = Arc::clone(&events);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (sender, waiting) = (sender.clone(), Arc::clone(&waiting));
                // The function is gone when a connection fails: its process says so better.
                thread::spawn(move || drop(serve(&stream, &sender, &waiting)));
            }
        });
        Ok(Self { address, asked, events })
    }

    /// Queues an event. One that asks while none waits is left waiting, as by AWS.
    pub fn push(&self, event: Vec<u8>) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push_back(event);
    }
}

fn serve(stream: &TcpStream, asked: &Sender<Asked>, events: &Mutex<VecDeque<Vec<u8>>>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut served = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut body = Vec::new();
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let Some((name, value)) = header.split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        reader.by_ref().take(length).read_to_end(&mut body)?;
        // `/2018-06-01/runtime/invocation/ID/response`
        let mut parts = path.split('/').skip(3);
        match (parts.next(), parts.next(), parts.next()) {
            (Some("invocation"), Some("next"), _) => {
                let _ = asked.send(Asked::Next);
                served += 1;
                let event = loop {
                    let event = events.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    match event {
                        Some(event) => break event,
                        None => thread::sleep(std::time::Duration::from_millis(2)),
                    }
                };
                write!(
                    &mut &*stream,
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nlambda-runtime-aws-request-id: {served:032x}\r\n\
                     lambda-runtime-deadline-ms: 4102444800000\r\nlambda-runtime-trace-id: Root=1-0-0\r\n\
                     lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:111122223333:function:bench\r\n\
                     content-length: {}\r\n\r\n",
                    event.len()
                )?;
                (&mut &*stream).write_all(&event)?;
                continue;
            }
            (Some("invocation"), Some(id), Some("response")) => {
                let _ = asked.send(Asked::Response { id: id.to_owned(), body });
            }
            (Some("invocation"), Some(id), Some("error")) => {
                let _ = asked.send(Asked::Error { id: Some(id.to_owned()), body });
            }
            _ => drop(asked.send(Asked::Error { id: None, body })),
        }
        (&mut &*stream).write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")?;
    }
}
