//! Reads of a record only what decides whether any watcher looks at it, and checks the rest without keeping it.
//!
//! Nine records in ten are looked at by no watcher, so the time of a replay is the time it takes to pass over them. The
//! scan accepts exactly the JSON grammar; where `serde_json` might still judge otherwise (surrogate escapes, huge numbers,
//! depth, invalid UTF-8) or a field has an odd shape, the record is called [`Sight::odd`] and read in full. So the quick
//! way never differs from the slow one: a test holds it to that.

use std::fmt;
use std::ops::Range;

use iamwatch::watcher::Glance;
use wide::u8x16;

/// Why a scan ended before the value did. The cursor stands where it did. Kept to one byte: a scan is mostly returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The bytes end first.
    Short,
    /// This is no JSON.
    Fault(Fault),
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Value,
    Key,
    Colon,
    Digit,
    HexDigits,
    Escape,
    Control,
    CommaOrBrace,
    CommaOrBracket,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value => "expected a value",
            Self::Key => "expected a key in quotes",
            Self::Colon => "expected `:`",
            Self::Digit => "expected a digit",
            Self::HexDigits => "expected four hexadecimal digits",
            Self::Escape => "an unknown escape",
            Self::Control => "a control character in a string, which is not closed before it",
            Self::CommaOrBrace => "expected `,` or `}`",
            Self::CommaOrBracket => "expected `,` or `]`",
        })
    }
}

/// What a scan saw of one value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sight<'a> {
    object: bool,
    odd: bool,
    name: Text<'a>,
    source: Text<'a>,
    event_type: Text<'a>,
    error_code: Text<'a>,
    time: Text<'a>,
    account: Text<'a>,
    actor_type: Text<'a>,
    invoked_by: Text<'a>,
    detail_type: bool,
    detail: Option<Range<usize>>,
    records: Option<Range<usize>>,
}

/// A field that should hold text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Text<'a> {
    /// Missing or null.
    #[default]
    None,
    Is(&'a [u8]),
    /// Of another type, or with escapes in it.
    Odd,
}

/// Only a full read tells what a field holds.
#[derive(Debug)]
struct Unclear;

/// What a value holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holds {
    /// One record.
    Record,
    /// An `EventBridge` envelope; where its record is.
    Envelope(Range<usize>),
    /// `{"Records": […]}`; where the list is.
    Records(Range<usize>),
}

/// `serde_json` refuses what is nested deeper than 127. Close to that, it decides.
const DEEP: usize = 100;

/// A position in some JSON text.
#[derive(Debug)]
pub(super) struct Cursor<'a, 'n> {
    bytes: &'a [u8],
    at: usize,
    /// The closing brackets that are awaited. Lent, so that its memory is used again.
    nest: &'n mut Vec<u8>,
    odd: bool,
    /// All bytes of strings, or-ed together: whether there is anything but ASCII.
    high: u8x16,
}

impl<'a> Sight<'a> {
    pub(super) fn holds(&self) -> Holds {
        match (&self.records, &self.detail) {
            (Some(records), _) => Holds::Records(records.clone()),
            (None, Some(detail)) if self.detail_type => Holds::Envelope(detail.clone()),
            _ => Holds::Record,
        }
    }

    /// Whether only a full read can judge it.
    pub(super) fn is_odd(&self) -> bool {
        self.odd
    }

    /// What decides who looks at it; none if only a full read can tell, or will find it unreadable.
    pub(super) fn glance(&self) -> Option<Glance<'a>> {
        if self.odd || !self.object {
            return None;
        }
        Some(Glance {
            name: self.name.said().ok()??,
            source: self.source.said().ok()??,
            event_type: self.event_type.said().ok()?,
            error_code: self.error_code.said().ok()?,
            actor_type: self.actor_type.plain().ok()?,
            invoked_by: self.invoked_by.plain().ok()?,
        })
    }

    /// When the call was made, if that is certain.
    pub(super) fn time(&self) -> Option<&'a str> {
        self.time.said().ok()?
    }

    /// The account that it acted on, if that is certain.
    pub(super) fn account(&self) -> Option<&'a str> {
        self.account.said().ok()?
    }
}

impl<'a> Text<'a> {
    fn plain(self) -> Result<Option<&'a str>, Unclear> {
        match self {
            Self::None => Ok(None),
            Self::Is(bytes) => std::str::from_utf8(bytes).map(Some).map_err(|_| Unclear),
            Self::Odd => Err(Unclear),
        }
    }

    /// As of an event that was read in full: some words mean nothing.
    fn said(self) -> Result<Option<&'a str>, Unclear> {
        self.plain().map(|text| text.filter(|text| !text.is_empty() && *text != "null"))
    }
}

impl<'a, 'n> Cursor<'a, 'n> {
    pub(super) fn new(bytes: &'a [u8], at: usize, nest: &'n mut Vec<u8>) -> Self {
        nest.clear();
        Self { bytes, at, nest, odd: false, high: u8x16::ZERO }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Starts again at `at`.
    pub(super) fn go_to(&mut self, at: usize) {
        self.nest.clear();
        self.at = at;
    }

    /// The next byte that is no white space, not taken.
    #[inline]
    pub(super) fn token(&mut self) -> Result<u8, Stop> {
        match self.bytes.get(self.at) {
            // CloudTrail writes no white space.
            Some(byte) if *byte > b' ' => Ok(*byte),
            _ => self.after_space(),
        }
    }

    #[cold]
    fn after_space(&mut self) -> Result<u8, Stop> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(byte) => return Ok(*byte),
                None => return Err(Stop::Short),
            }
        }
    }

    /// Takes `byte`, if it is next.
    pub(super) fn takes(&mut self, byte: u8) -> Result<bool, Stop> {
        let next = self.token()? == byte;
        self.at += usize::from(next);
        Ok(next)
    }

    /// Passes over one value of any kind and says what was seen of it.
    pub(super) fn sight(&mut self) -> Result<Sight<'a>, Stop> {
        (self.odd, self.high) = (false, u8x16::ZERO);
        let mut sight = Sight { object: self.token()? == b'{', ..Sight::default() };
        let start = self.at;
        if sight.object {
            self.at += 1;
            self.members(|cursor, key| cursor.field(key, &mut sight))?;
        } else {
            self.skip()?;
        }
        let ascii = self.high.to_bitmask() == 0;
        let utf8 = ascii || self.bytes.get(start..self.at).is_some_and(|bytes| std::str::from_utf8(bytes).is_ok());
        sight.odd |= self.odd || !utf8;
        Ok(sight)
    }

    /// As in `serde_json`'s map, the last of several members of one name counts.
    fn field(&mut self, key: &[u8], sight: &mut Sight<'a>) -> Result<(), Stop> {
        // By length first: comparing arrays of a known length takes no call.
        match key.len() {
            9 if is(key, b"eventName") => sight.name = self.text()?,
            9 if is(key, b"eventType") => sight.event_type = self.text()?,
            9 if is(key, b"errorCode") => sight.error_code = self.text()?,
            9 if is(key, b"eventTime") => sight.time = self.text()?,
            11 if is(key, b"eventSource") => sight.source = self.text()?,
            12 if is(key, b"userIdentity") => self.identity(sight)?,
            11 if is(key, b"detail-type") => {
                sight.detail_type = true;
                self.skip()?;
            }
            18 if is(key, b"recipientAccountId") => sight.account = self.text()?,
            6 if is(key, b"detail") => sight.detail = Some(self.span()?),
            7 if is(key, b"Records") => {
                let list = self.token()? == b'[';
                let span = self.span()?;
                sight.records = list.then_some(span);
            }
            _ => self.skip()?,
        }
        Ok(())
    }

    fn identity(&mut self, sight: &mut Sight<'a>) -> Result<(), Stop> {
        (sight.actor_type, sight.invoked_by) = (Text::None, Text::None);
        match self.token()? {
            b'{' => {
                self.at += 1;
                self.members(|cursor, key| match key.len() {
                    4 if is(key, b"type") => cursor.text().map(|text| sight.actor_type = text),
                    9 if is(key, b"invokedBy") => cursor.text().map(|text| sight.invoked_by = text),
                    _ => cursor.skip(),
                })
            }
            b'n' => self.skip(),
            _ => {
                sight.actor_type = Text::Odd;
                self.skip()
            }
        }
    }

    /// The members of an object whose brace was taken. `member` is given each key and takes the value.
    fn members(&mut self, mut member: impl FnMut(&mut Self, &'a [u8]) -> Result<(), Stop>) -> Result<(), Stop> {
        if self.takes(b'}')? {
            return Ok(());
        }
        loop {
            let key = self.key()?;
            member(self, key)?;
            let next = self.token()?;
            self.at += usize::from(matches!(next, b',' | b'}'));
            match next {
                b',' => {}
                b'}' => return Ok(()),
                _ => return Err(Stop::Fault(Fault::CommaOrBrace)),
            }
        }
    }

    /// A key that is looked at, and the colon behind it.
    pub(super) fn key(&mut self) -> Result<&'a [u8], Stop> {
        let name = self.name()?;
        // A key written with escapes may be any key.
        self.odd |= name.is_none();
        Ok(name.and_then(|name| self.bytes.get(name)).unwrap_or_default())
    }

    /// Passes over a key and the colon behind it; says where its text stands, if it has no escapes.
    #[inline]
    fn name(&mut self) -> Result<Option<Range<usize>>, Stop> {
        if self.token()? != b'"' {
            return Err(Stop::Fault(Fault::Key));
        }
        let start = self.at + 1;
        let simple = self.string()?;
        let end = self.at - 1;
        if !self.takes(b':')? {
            return Err(Stop::Fault(Fault::Colon));
        }
        Ok(simple.then_some(start..end))
    }

    fn text(&mut self) -> Result<Text<'a>, Stop> {
        match self.token()? {
            b'"' => {
                let start = self.at + 1;
                let simple = self.string()?;
                let text = self.bytes.get(start..self.at - 1).unwrap_or_default();
                Ok(if simple { Text::Is(text) } else { Text::Odd })
            }
            b'n' => self.skip().map(|()| Text::None),
            _ => self.skip().map(|()| Text::Odd),
        }
    }

    fn span(&mut self) -> Result<Range<usize>, Stop> {
        self.token()?;
        let start = self.at;
        self.skip()?;
        Ok(start..self.at)
    }

    /// Passes over one value.
    pub(super) fn skip(&mut self) -> Result<(), Stop> {
        let floor = self.nest.len();
        loop {
            match self.token()? {
                b'"' => {
                    self.string()?;
                }
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    // In ASCII both closing brackets are two after the opening ones.
                    let close = open + 2;
                    if !self.takes(close)? {
                        self.nest.push(close);
                        self.odd |= self.nest.len() > DEEP;
                        if close == b'}' {
                            self.name()?;
                        }
                        continue;
                    }
                }
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.literal(b"true")?,
                b'f' => self.literal(b"false")?,
                b'n' => self.literal(b"null")?,
                _ => return Err(Stop::Fault(Fault::Value)),
            }
            loop {
                if self.nest.len() == floor {
                    return Ok(());
                }
                let Some(close) = self.nest.last().copied() else { return Ok(()) };
                match self.token()? {
                    b',' => {
                        self.at += 1;
                        if close == b'}' {
                            self.name()?;
                        }
                        break;
                    }
                    byte if byte == close => {
                        self.at += 1;
                        self.nest.pop();
                    }
                    _ if close == b'}' => return Err(Stop::Fault(Fault::CommaOrBrace)),
                    _ => return Err(Stop::Fault(Fault::CommaOrBracket)),
                }
            }
        }
    }

    fn literal(&mut self, literal: &'static [u8]) -> Result<(), Stop> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(literal) {
            self.at += literal.len();
            Ok(())
        } else if literal.starts_with(rest) {
            Err(Stop::Short)
        } else {
            Err(Stop::Fault(Fault::Value))
        }
    }

    fn number(&mut self) -> Result<(), Stop> {
        let start = self.at;
        self.at += usize::from(self.byte()? == b'-');
        if self.byte()? == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte()? == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte()?, b'e' | b'E') {
            self.odd = true;
            self.at += 1;
            self.at += usize::from(matches!(self.byte()?, b'+' | b'-'));
            self.digits()?;
        }
        // The largest number has 309 digits before its point.
        self.odd |= self.at - start > 300;
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Stop> {
        if !self.byte()?.is_ascii_digit() {
            return Err(Stop::Fault(Fault::Digit));
        }
        while self.byte()?.is_ascii_digit() {
            self.at += 1;
        }
        Ok(())
    }

    fn byte(&self) -> Result<u8, Stop> {
        self.bytes.get(self.at).copied().ok_or(Stop::Short)
    }

    /// Passes over a string whose opening quote is next; says whether it has no escapes.
    #[inline]
    fn string(&mut self) -> Result<bool, Stop> {
        self.at += 1;
        self.plain();
        if self.bytes.get(self.at) == Some(&b'"') {
            self.at += 1;
            return Ok(true);
        }
        self.odd_string()
    }

    /// Passes over plain text, sixteen bytes at a time, up to the first that is none. The last few bytes of all are left.
    #[inline]
    fn plain(&mut self) {
        let (mut at, mut high) = (self.at, self.high);
        while let Some((chunk, _)) = self.bytes.get(at..).and_then(<[u8]>::split_first_chunk::<16>) {
            let chunk = u8x16::from(*chunk);
            high |= chunk;
            let ends = ends(chunk);
            if ends != 0 {
                at += ends.trailing_zeros() as usize;
                break;
            }
            at += 16;
        }
        (self.at, self.high) = (at, high);
    }

    /// The rest of a string that is not simple. Never part of its callers: it would make the way of the simple ones longer.
    #[inline(never)]
    fn odd_string(&mut self) -> Result<bool, Stop> {
        let mut escaped = false;
        loop {
            match self.byte()? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                byte if byte < 0x20 => {
                    return Err(Stop::Fault(Fault::Control));
                }
                byte => {
                    self.high |= u8x16::splat(byte);
                    self.at += 1;
                }
            }
            self.plain();
        }
        self.at += 1;
        Ok(!escaped)
    }

    fn escape(&mut self) -> Result<(), Stop> {
        self.at += 1;
        match self.byte()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
            b'u' => {
                self.at += 1;
                for place in 0..4 {
                    let digit = self.byte()?;
                    if !digit.is_ascii_hexdigit() {
                        return Err(Stop::Fault(Fault::HexDigits));
                    }
                    // Surrogates, D800 to DFFF, must come in pairs.
                    self.odd |= place == 0 && matches!(digit, b'd' | b'D');
                    self.at += 1;
                }
            }
            _ => return Err(Stop::Fault(Fault::Escape)),
        }
        Ok(())
    }
}

#[inline]
fn is<const N: usize>(key: &[u8], name: &[u8; N]) -> bool {
    key.first_chunk::<N>() == Some(name)
}

/// A bit for each of sixteen bytes that ends a run of plain text: a quote, a backslash, a control character.
#[inline]
fn ends(bytes: u8x16) -> u32 {
    let control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
    (control | bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\'))).to_bitmask()
}
