//! What the exceptions of a stack did.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Exception, Stored};
use crate::alert::text::clean_to;

/// An exception that ends within so many days is marked.
const SOON: i32 = 14;
/// How wide a column of words may be.
const WIDEST: usize = 40;

/// How often an exception suppressed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suppressions {
    pub count: u64,
    pub since: Timestamp,
    pub last: Timestamp,
}

/// A table of all exceptions: what each suppressed, and which have expired or are about to. Those that need somebody come
/// first.
#[must_use]
pub fn report(stored: &[(Stored, Option<Suppressions>)], today: Date) -> String {
    let mut rows: Vec<(i32, Row)> = stored.iter().map(|(stored, did)| row(stored, *did, today)).collect();
    if rows.is_empty() {
        return "there are no exceptions: everything is told\n".to_owned();
    }
    rows.sort_by(|(days, a), (other, b)| (days, &a.0[0]).cmp(&(other, &b.0[0])));
    let head = Row(["EXCEPTION", "STATE", "SUPPRESSED", "SINCE", "LAST", "OWNER"].map(str::to_owned));
    let rows: Vec<Row> = std::iter::once(head).chain(rows.into_iter().map(|(_, row)| row)).collect();
    let mut text = String::new();
    let width = |column: usize| rows.iter().filter_map(|row| row.0.get(column)).map(|cell| cell.chars().count()).max();
    for row in &rows {
        let mut line = String::new();
        for (column, cell) in row.0.iter().enumerate() {
            let _ = write!(line, "{cell:<width$}  ", width = width(column).unwrap_or_default());
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    for (stored, why) in stored.iter().filter_map(|(stored, _)| Some((stored, stored.read.as_ref().err()?))) {
        let _ = writeln!(text, "{} suppresses nothing: {}", clean_to(&stored.id, WIDEST), clean_to(why, 400));
    }
    text
}

struct Row([String; 6]);

/// One line, and after how many days it ends: what is not used at all needs somebody first.
fn row(stored: &Stored, did: Option<Suppressions>, today: Date) -> (i32, Row) {
    let (days, state, owner) = match &stored.read {
        Err(_) => (i32::MIN, "NOT USED".to_owned(), String::new()),
        Ok(exception) => {
            let days = days(exception, today);
            (days, state(exception, days), clean_to(&exception.owner, WIDEST))
        }
    };
    let (count, since, last) = match did {
        Some(Suppressions { count, since, last }) => {
            (count, since.strftime("%Y-%m-%d").to_string(), last.strftime("%Y-%m-%d %H:%MZ").to_string())
        }
        None => (0, String::new(), "never".to_owned()),
    };
    (days, Row([clean_to(&stored.id, super::LONGEST_JSON), state, count.to_string(), since, last, owner]))
}

fn state(exception: &Exception, days: i32) -> String {
    match days {
        ..0 => format!("EXPIRED on {}", exception.expires),
        0 => "expires TODAY".to_owned(),
        1 => "expires TOMORROW".to_owned(),
        2..=SOON => format!("expires in {days} days"),
        _ => format!("until {}", exception.expires),
    }
}

fn days(exception: &Exception, today: Date) -> i32 {
    today.until(exception.expires).map_or(i32::MAX, |span| span.get_days())
}
