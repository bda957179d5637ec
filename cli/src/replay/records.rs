//! The records in a file, one by one: `{"Records": […]}`, a list, JSON lines, envelopes, a single record.
//!
//! All of these are JSON values one after the other. A list, or an object that begins with `Records`, is walked through
//! without ever being held whole; every other value is taken as a whole, and so is every member of a list.

use std::fmt;
use std::io::Read;
use std::ops::Range;

use super::scan::{Cursor, Fault, Holds, Sight, Stop};
use super::unpack::{Broken, Unpack};

/// A record, an envelope, or what stands in the place of one.
#[derive(Debug)]
pub(super) struct Raw<'a> {
    pub(super) text: &'a [u8],
    pub(super) sight: Sight<'a>,
    /// Where `text` begins in the file's text, in bytes.
    pub(super) begin: u64,
    /// Where `text` begins in what `sight` counts its places in.
    start: usize,
}

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Flaw {
    /// Where in the file, if what is wrong is in its text rather than in the way it is packed.
    pub(super) place: Option<Place>,
    pub(super) what: String,
}

/// A place in a file's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// From 0, of the text as it is when unpacked.
    pub(super) byte: u64,
    /// From 1.
    pub(super) line: u64,
    /// The number of the record in the file, from 1.
    pub(super) record: u64,
}

impl<'a> Raw<'a> {
    /// The text at a place that `sight` tells of.
    pub(super) fn within(&self, place: &Range<usize>) -> Option<&'a [u8]> {
        self.text.get(place.start.checked_sub(self.start)?..place.end.checked_sub(self.start)?)
    }
}

/// How many flaws of a file are told in full.
const TOLD: usize = 10;
/// Small enough to stay in a core's cache while it is unpacked and scanned.
const WINDOW: usize = 192 * 1024;
/// CloudTrail's records are under 1 MB; a file that is one object, with `Records` not at its beginning, may be longer.
const LONGEST: usize = 64 * 1024 * 1024;
/// A file whose faults make this much text be read twice is given up.
const PATIENCE: usize = 4 * LONGEST;

/// Reads one file after the other, in memory that is used again.
pub(super) struct Reader {
    unpack: Unpack,
    window: Vec<u8>,
    nest: Vec<u8>,
    inner: Vec<u8>,
}

/// Where one file's reading stands.
struct Reading<'r> {
    reader: &'r mut Reader,
    file: &'r mut dyn Read,
    /// The part of the window that is text not yet done with.
    start: usize,
    end: usize,
    over: bool,
    broken: Option<Broken>,
    /// Text and lines that have left the window.
    gone: u64,
    lines: u64,
    records: u64,
    flaws: Vec<Flaw>,
    more_flaws: usize,
    wasted: usize,
}

/// What the next value is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    Value,
    /// A list, standing alone or as a member of an object.
    List {
        in_object: bool,
        first: bool,
    },
    /// The rest of an object whose list was walked through.
    Rest,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { unpack: Unpack::new(), window: vec![0; WINDOW], nest: Vec::new(), inner: Vec::new() }
    }

    /// Gives every record of the file to `judge`, which may find a flaw in it. Returns the length of the text, and the
    /// flaws of the file: what could be read in spite of them was.
    pub(super) fn read(
        &mut self,
        file: &mut dyn Read,
        judge: &mut dyn FnMut(&Raw<'_>) -> Option<String>,
    ) -> (u64, Vec<Flaw>) {
        self.unpack.begin();
        let mut reading = Reading {
            reader: self,
            file,
            start: 0,
            end: 0,
            over: false,
            broken: None,
            gone: 0,
            lines: 0,
            records: 0,
            flaws: Vec::new(),
            more_flaws: 0,
            wasted: 0,
        };
        reading.run(judge);
        (reading.length(), reading.told())
    }

    /// The pieces of the file's text that stand in `places`, which are in order and apart. Nothing is read behind the last;
    /// where the text ends before, there are fewer.
    pub(super) fn pieces(&mut self, file: &mut dyn Read, places: impl Iterator<Item = Range<u64>>) -> Vec<Box<[u8]>> {
        self.unpack.begin();
        let (mut pieces, mut gone, mut length) = (Vec::new(), 0, 0);
        for place in places {
            let mut piece = Vec::new();
            loop {
                let within = |at: u64| usize::try_from(at.saturating_sub(gone)).unwrap_or(usize::MAX).min(length);
                piece.extend_from_slice(self.window.get(within(place.start)..within(place.end)).unwrap_or_default());
                if gone + length as u64 >= place.end {
                    break;
                }
                gone += length as u64;
                length = match self.unpack.fill(file, &mut self.window) {
                    Ok(0) | Err(_) => return pieces,
                    Ok(length) => length,
                };
            }
            pieces.push(piece.into_boxed_slice());
        }
        pieces
    }
}

impl Reading<'_> {
    fn run(&mut self, judge: &mut dyn FnMut(&Raw<'_>) -> Option<String>) {
        self.refill();
        if self.text().starts_with(b"\xef\xbb\xbf") {
            self.start += 3;
        }
        let mut walk = Walk::Value;
        let mut empty = true;
        loop {
            match self.step(walk, judge) {
                Ok(Some(next)) => {
                    walk = next;
                    empty = false;
                }
                Ok(None) => break,
                Err((Stop::Short, _)) if !self.over => {
                    if !self.refill() {
                        self.flaw(self.start, format!("a value of more than {} MiB", LONGEST >> 20));
                        return;
                    }
                }
                Err((stop, at)) => {
                    empty = false;
                    match stop {
                        // The line break at the end is ours: a string that runs into it is one that is cut off.
                        Stop::Fault(fault) if at + 1 < self.end || !self.over => self.flaw(at, fault.to_string()),
                        // The text is cut off where the packing broke: that is told instead.
                        _ if self.broken.is_some() => break,
                        _ => self.flaw(self.end - 1, "the file ends too early".to_owned()),
                    }
                    self.wasted += at.saturating_sub(self.start);
                    if walk != Walk::Value {
                        // The fault lies behind all that was taken of the list, perhaps at the beginning of a line.
                        self.start = self.start.max(at.saturating_sub(1));
                    }
                    if self.wasted > PATIENCE || !self.next_line() {
                        break;
                    }
                    walk = Walk::Value;
                }
            }
        }
        if let Some(broken) = self.broken.take() {
            let what = format!("{broken}, after {} bytes of text", self.length());
            self.flaws.push(Flaw { place: None, what });
        } else if empty {
            self.flaws.push(Flaw { place: None, what: "the file is empty".to_owned() });
        }
    }

    /// Takes one value, or one member of a list. None at the end of the text. Or why it stopped, and where.
    fn step(
        &mut self,
        walk: Walk,
        judge: &mut dyn FnMut(&Raw<'_>) -> Option<String>,
    ) -> Result<Option<Walk>, (Stop, usize)> {
        let Reader { window, nest, inner, .. } = &mut *self.reader;
        let text = window.get(..self.end).unwrap_or_default();
        let mut cursor = Cursor::new(text, self.start, nest);
        if walk == Walk::Value {
            match cursor.token() {
                Err(Stop::Short) if self.over => return Ok(None),
                _ => self.start = cursor.at(),
            }
        }
        let (next, value) = advance(&mut cursor, walk).map_err(|stop| (stop, cursor.at()))?;
        self.start = cursor.at();
        if let Some((start, sight)) = value {
            let flaws = hand_out(text, self.gone, start..self.start, sight, judge, inner, &mut self.records);
            self.flaws_in_records(flaws);
        }
        Ok(Some(next))
    }

    /// The length of the text so far, without the line break that [`Reading::refill`] puts at its end.
    fn length(&self) -> u64 {
        self.gone + self.end as u64 - u64::from(self.over)
    }

    fn text(&self) -> &[u8] {
        self.reader.window.get(self.start..self.end).unwrap_or_default()
    }

    /// Brings more text into the window. False if a value is too long for it.
    fn refill(&mut self) -> bool {
        let done = self.reader.window.get(..self.start).unwrap_or_default();
        self.lines += newlines(done);
        self.gone += self.start as u64;
        self.reader.window.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let size = self.reader.window.len();
        if self.end > size / 2 {
            if size >= LONGEST {
                return false;
            }
            self.reader.window.resize(size * 2, 0);
        }
        while !self.over && self.end < self.reader.window.len() {
            let room = self.reader.window.get_mut(self.end..).unwrap_or_default();
            match self.reader.unpack.fill(self.file, room) {
                Ok(0) => self.over = true,
                Ok(more) => self.end += more,
                Err(broken) => {
                    self.broken = Some(broken);
                    self.over = true;
                }
            }
        }
        if self.over {
            // A number at the very end is over when something else comes.
            if self.end == self.reader.window.len() {
                self.reader.window.push(b'\n');
            } else if let Some(byte) = self.reader.window.get_mut(self.end) {
                *byte = b'\n';
            }
            self.end += 1;
        }
        true
    }

    /// After a fault: goes on at the next line that begins as a record does. Lines within a value that is written over
    /// several begin with white space.
    fn next_line(&mut self) -> bool {
        loop {
            let text = self.text();
            let found = text.windows(2).position(|pair| matches!(pair, [b'\n', b'{' | b'[']));
            if let Some(at) = found {
                self.start += at + 1;
                return true;
            }
            self.start += text.len().saturating_sub(1);
            if self.over || !self.refill() {
                return false;
            }
        }
    }

    fn flaw(&mut self, at: usize, what: String) {
        if self.flaws.len() >= TOLD {
            self.more_flaws += 1;
            return;
        }
        let before = self.reader.window.get(..at).unwrap_or_default();
        let place =
            Place { byte: self.gone + at as u64, line: self.lines + newlines(before) + 1, record: self.records + 1 };
        self.flaws.push(Flaw { place: Some(place), what });
    }

    fn told(mut self) -> Vec<Flaw> {
        if self.more_flaws > 0 {
            self.flaws.push(Flaw { place: None, what: format!("{} more faults", self.more_flaws) });
        }
        self.flaws
    }

    fn flaws_in_records(&mut self, flaws: Vec<(usize, u64, String)>) {
        for (at, record, what) in flaws {
            let all = std::mem::replace(&mut self.records, record - 1);
            self.flaw(at, what);
            self.records = all;
        }
    }
}

/// Takes the next piece: what comes after it, and the value it is, if it is one, with its beginning.
fn advance<'a>(cursor: &mut Cursor<'a, '_>, walk: Walk) -> Result<(Walk, Option<(usize, Sight<'a>)>), Stop> {
    let next = match walk {
        Walk::Value => {
            let token = cursor.token()?;
            let start = cursor.at();
            if token == b'[' {
                cursor.takes(b'[')?;
                Walk::List { in_object: false, first: true }
            } else if token == b'{' && opens_records(cursor)? {
                Walk::List { in_object: true, first: true }
            } else {
                cursor.go_to(start);
                return Ok((Walk::Value, Some((start, cursor.sight()?))));
            }
        }
        Walk::List { in_object, first } => {
            let over = cursor.takes(b']')?;
            if over && in_object {
                Walk::Rest
            } else if over {
                Walk::Value
            } else {
                if !first && !cursor.takes(b',')? {
                    return Err(Stop::Fault(Fault::CommaOrBracket));
                }
                cursor.token()?;
                let start = cursor.at();
                return Ok((Walk::List { in_object, first: false }, Some((start, cursor.sight()?))));
            }
        }
        Walk::Rest => {
            if cursor.takes(b'}')? {
                Walk::Value
            } else if !cursor.takes(b',')? {
                return Err(Stop::Fault(Fault::CommaOrBrace));
            } else if cursor.key()? == b"Records" && cursor.takes(b'[')? {
                Walk::List { in_object: true, first: true }
            } else {
                cursor.skip()?;
                Walk::Rest
            }
        }
    };
    Ok((next, None))
}

/// Whether an object begins with `"Records": [`; then these are taken.
fn opens_records(cursor: &mut Cursor<'_, '_>) -> Result<bool, Stop> {
    Ok(cursor.takes(b'{')? && cursor.token()? == b'"' && cursor.key()? == b"Records" && cursor.takes(b'[')?)
}

/// Gives the records of a value to `judge`, and says which of them are flawed: where, the number of the record, and why.
/// `gone` is the length of what was before `text`.
fn hand_out(
    text: &[u8],
    gone: u64,
    span: Range<usize>,
    sight: Sight<'_>,
    judge: &mut dyn FnMut(&Raw<'_>) -> Option<String>,
    nest: &mut Vec<u8>,
    records: &mut u64,
) -> Vec<(usize, u64, String)> {
    let mut flaws = Vec::new();
    let mut one = |span: Range<usize>, sight: Sight<'_>| {
        *records += 1;
        let start = span.start;
        let raw = Raw { text: text.get(span).unwrap_or_default(), sight, begin: gone + start as u64, start };
        flaws.extend(judge(&raw).map(|what| (start, *records, what)));
    };
    let Holds::Records(list) = sight.holds() else {
        one(span, sight);
        return flaws;
    };
    // The list was passed over as valid, so none of this stops early.
    let mut cursor = Cursor::new(text, list.start + 1, nest);
    while let Ok(token) = cursor.token() {
        let start = cursor.at();
        match token {
            b']' => break,
            b',' => _ = cursor.takes(b','),
            _ => {
                let Ok(sight) = cursor.sight() else { break };
                one(start..cursor.at(), sight);
            }
        }
    }
    flaws
}

/// Counted in parts that a byte can count, which the compiler turns into a sum of sixteen bytes at a time.
fn newlines(text: &[u8]) -> u64 {
    let part = |part: &[u8]| u64::from(part.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>());
    text.chunks(192).map(part).sum()
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(Place { byte, line, record }) => {
                write!(f, "record {record}, line {line}, byte {byte}: {}", self.what)
            }
            None => f.write_str(&self.what),
        }
    }
}
