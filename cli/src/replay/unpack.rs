//! The text of a file, whether it is packed with gzip or not.
//!
//! The text is handed out in pieces as large as the caller's buffer, so nothing is believed of the sizes that a file
//! claims, and a file of any size needs the same memory. gzip's frame is read here rather than by the decoder: the
//! decoder's tables are then used again for the next of many small files.

use std::fmt;
use std::io::{self, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// Why a file's bytes could not be had.
#[derive(Debug)]
pub(super) enum Broken {
    Unreadable(io::Error),
    /// The gzip stream is damaged, or of a kind that CloudTrail never writes.
    Gzip(&'static str),
}

/// Reads one file after the other.
pub(super) struct Unpack {
    input: Vec<u8>,
    at: usize,
    end: usize,
    part: Part,
    inflate: Decompress,
    crc: Crc,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Nothing of the file was read.
    Start,
    Plain,
    /// Before a gzip member.
    Header,
    Deflated,
    /// Before a gzip member's checksum.
    Trailer,
    /// At a place that cannot be unpacked.
    Damage,
    Over,
}

const INPUT: usize = 64 * 1024;
const MAGIC: [u8; 2] = [0x1f, 0x8b];

impl Unpack {
    pub(super) fn new() -> Self {
        Self {
            input: vec![0; INPUT],
            at: 0,
            end: 0,
            part: Part::Start,
            inflate: Decompress::new(false),
            crc: Crc::new(),
        }
    }

    /// Forgets the last file.
    pub(super) fn begin(&mut self) {
        (self.at, self.end, self.part) = (0, 0, Part::Start);
    }

    /// Puts the next bytes of the text at the beginning of `out`, and says how many. Zero means that the text is over.
    pub(super) fn fill(&mut self, file: &mut dyn Read, out: &mut [u8]) -> Result<usize, Broken> {
        if self.part == Part::Start {
            while self.end < MAGIC.len() && self.more(file)? {}
            let packed = self.waiting().starts_with(&MAGIC);
            self.part = if packed { Part::Header } else { Part::Plain };
        }
        loop {
            match self.part {
                Part::Plain => {
                    let waiting = self.waiting();
                    if waiting.is_empty() {
                        return read(file, out).map_err(Broken::Unreadable);
                    }
                    let taken = waiting.len().min(out.len());
                    for (to, from) in out.iter_mut().zip(waiting) {
                        *to = *from;
                    }
                    self.at += taken;
                    return Ok(taken);
                }
                Part::Header => self.header(file)?,
                Part::Deflated => {
                    let made = self.inflate(file, out)?;
                    if made > 0 {
                        return Ok(made);
                    }
                }
                Part::Trailer => self.trailer(file)?,
                Part::Damage => return Err(Broken::Gzip("the gzip stream is damaged")),
                Part::Start | Part::Over => return Ok(0),
            }
        }
    }

    fn inflate(&mut self, file: &mut dyn Read, out: &mut [u8]) -> Result<usize, Broken> {
        // What the decoder still holds comes out even when the file ends too early.
        let dry = self.at == self.end && !self.more(file)?;
        let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
        let waiting = self.input.get(self.at..self.end).unwrap_or_default();
        let status = self.inflate.decompress(waiting, out, FlushDecompress::None);
        let since = |total: u64, before: u64| usize::try_from(total - before).unwrap_or_default();
        self.at += since(self.inflate.total_in(), read);
        let made = since(self.inflate.total_out(), written);
        self.crc.update(out.get(..made).unwrap_or_default());
        // What came out before the end or the damage is handed out first.
        match status {
            Ok(Status::StreamEnd) => self.part = Part::Trailer,
            Err(_) => self.part = Part::Damage,
            Ok(_) if dry && made == 0 => return Err(Broken::Gzip("the gzip stream ends too early")),
            Ok(_) => {}
        }
        Ok(made)
    }

    fn trailer(&mut self, file: &mut dyn Read) -> Result<(), Broken> {
        let (sum, length) = (self.word(file)?, self.word(file)?);
        if sum != self.crc.sum() || length != self.crc.amount() {
            return Err(Broken::Gzip("the gzip checksum does not fit its text"));
        }
        self.part = Part::Header;
        Ok(())
    }

    /// Reads the header of the next gzip member, if there is one.
    fn header(&mut self, file: &mut dyn Read) -> Result<(), Broken> {
        let Some(first) = self.next(file)? else {
            self.part = Part::Over;
            return Ok(());
        };
        let mut byte = || self.next(file)?.ok_or(Broken::Gzip("the gzip header ends too early"));
        if [first, byte()?] != MAGIC {
            return Err(Broken::Gzip("bytes follow the gzip stream that belong to no other"));
        }
        let (method, flags) = (byte()?, byte()?);
        if method != 8 || flags & 0xe0 != 0 {
            return Err(Broken::Gzip("the gzip header is damaged"));
        }
        // Time, level and operating system.
        for _ in 0..6 {
            byte()?;
        }
        let (checked, extra, name, comment) = (flags & 2 != 0, flags & 4 != 0, flags & 8 != 0, flags & 16 != 0);
        if extra {
            for _ in 0..u16::from_le_bytes([byte()?, byte()?]) {
                byte()?;
            }
        }
        for _ in 0..u8::from(name) + u8::from(comment) {
            while byte()? != 0 {}
        }
        if checked {
            byte()?;
            byte()?;
        }
        self.inflate.reset(false);
        self.crc.reset();
        self.part = Part::Deflated;
        Ok(())
    }

    fn word(&mut self, file: &mut dyn Read) -> Result<u32, Broken> {
        let mut byte = || self.next(file)?.ok_or(Broken::Gzip("the gzip stream ends before its checksum"));
        Ok(u32::from_le_bytes([byte()?, byte()?, byte()?, byte()?]))
    }

    fn next(&mut self, file: &mut dyn Read) -> Result<Option<u8>, Broken> {
        if self.at == self.end && !self.more(file)? {
            return Ok(None);
        }
        self.at += 1;
        Ok(self.input.get(self.at - 1).copied())
    }

    fn waiting(&self) -> &[u8] {
        self.input.get(self.at..self.end).unwrap_or_default()
    }

    /// Reads more of the file behind what waits; says whether there was more.
    fn more(&mut self, file: &mut dyn Read) -> Result<bool, Broken> {
        if self.at == self.end {
            (self.at, self.end) = (0, 0);
        }
        let read = read(file, self.input.get_mut(self.end..).unwrap_or_default()).map_err(Broken::Unreadable)?;
        self.end += read;
        Ok(read > 0)
    }
}

fn read(file: &mut dyn Read, out: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(out) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "cannot be read: {error}"),
            Self::Gzip(what) => f.write_str(what),
        }
    }
}
