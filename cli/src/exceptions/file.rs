//! `exceptions.toml`: from text to exceptions, with the line of each mistake.

use std::ops::Range;

use iamwatch::exceptions::{Exception, Mistake, Place, read_all};
use jiff::civil::Date;
use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

/// The one key of the file: `[[exception]]`.
const KEY: &str = "exception";

/// A mistake and its line, counted from 1, where it has one.
pub(super) type Flaw = (Option<usize>, String);

/// Reads a file's text.
///
/// # Errors
///
/// All mistakes, in the order of their lines.
pub(super) fn parse(text: &str, today: Date) -> Result<Vec<Exception>, Vec<Flaw>> {
    let line = |at: &Range<usize>| Some(text.bytes().take(at.start).filter(|byte| *byte == b'\n').count() + 1);
    let (file, errors) = DeTable::parse_recoverable(text);
    // What the parser makes of the rest would be mistakes of its own.
    if !errors.is_empty() {
        let said = errors.iter().map(|error| (error.span().as_ref().and_then(line), error.message().to_owned()));
        return Err(said.collect());
    }
    let mut flaws: Vec<Flaw> = Vec::new();
    let mut tables = Vec::new();
    for (key, value) in file.get_ref() {
        if key.get_ref() != KEY {
            let what = format!("`{}` is no key of this file; begin each exception with `[[exception]]`", key.get_ref());
            flaws.push((line(&key.span()), what));
            continue;
        }
        let list = value.get_ref().as_array();
        if list.is_none() {
            flaws.push((
                line(&value.span()),
                "`exception` is no list; write `[[exception]]`, with two brackets".to_owned(),
            ));
        }
        for one in list.into_iter().flat_map(|list| list.iter()) {
            match one.get_ref().as_table() {
                Some(table) => tables.push((one.span(), table)),
                None => flaws.push((line(&one.span()), "an exception is no table; write `[[exception]]`".to_owned())),
            }
        }
    }
    let said: Vec<Map<String, Value>> = tables.iter().map(|(_, table)| as_json(table)).collect();
    match read_all(&said, today) {
        Ok(exceptions) if flaws.is_empty() => return Ok(exceptions),
        Ok(_) => {}
        Err(mistakes) => flaws.extend(mistakes.into_iter().map(|(number, Mistake { place, what })| {
            let at = tables.get(number).map(|(whole, table)| span(table, &place).unwrap_or_else(|| whole.clone()));
            (at.as_ref().and_then(line), what)
        })),
    }
    flaws.sort();
    Err(flaws)
}

/// Where a place of an exception stands in the text.
fn span(table: &DeTable<'_>, place: &Place) -> Option<Range<usize>> {
    let field =
        |name: &str| table.iter().find(|(key, _)| key.get_ref() == name).map(|(key, value)| (key.span(), value));
    match place {
        Place::Whole => None,
        Place::Field(name) => field(name).map(|(key, _)| key),
        Place::Item(name, number) => {
            let (key, value) = field(name)?;
            Some(value.get_ref().as_array().and_then(|list| list.get(*number)).map_or(key, toml::Spanned::span))
        }
    }
}

fn as_json(table: &DeTable<'_>) -> Map<String, Value> {
    table.iter().map(|(key, value)| (key.get_ref().clone().into_owned(), plain(value.get_ref()))).collect()
}

/// A value as JSON has it; dates are text.
fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Datetime(date) => Value::from(date.to_string()),
        DeValue::Boolean(truth) => Value::from(*truth),
        // No field takes a number: what matters is that it is one.
        DeValue::Integer(_) | DeValue::Float(_) => Value::from(0),
        DeValue::Array(list) => list.iter().map(|item| plain(item.get_ref())).collect(),
        DeValue::Table(table) => Value::Object(as_json(table)),
    }
}
