//! Denied calls that are known to mean nothing: they are counted, and nobody is told.

use crate::event::Event;

/// A call that is denied in the course of ordinary work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Benign {
    /// `eventSource`.
    pub source: &'static str,
    /// `eventName`.
    pub name: &'static str,
    /// Why a denial of it says nothing.
    pub reason: &'static str,
}

/// All of them. A call stands here only if it tells its caller nothing about the account's secrets, data or permissions
/// that would be worth an attack: what is here an attacker may try unheard.
pub static BENIGN: &[Benign] = &[];

/// Why a denied call means nothing, if it is one of these.
#[must_use]
pub fn benign(event: &Event) -> Option<&'static Benign> {
    BENIGN.iter().find(|benign| event.is(benign.source, &[benign.name]))
}
