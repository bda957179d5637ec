//! YAML and JSON as a tree that knows its lines and keeps `CloudFormation`'s tags.

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::Value;

/// No template is nested deeper.
const DEEPEST: usize = 100;

/// A value, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// The first line is 1; none where the text did not say.
    pub(super) line: Option<usize>,
    /// `Sub` for `!Sub`.
    pub(super) tag: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Reads the first document of a text.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut open: Vec<(Self, Option<String>)> = Vec::new();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| error.to_string())?;
            let line = span.start.line();
            let node = |kind, tag: Option<&Tag>| Self {
                kind,
                line: Some(line),
                tag: tag.filter(|tag| tag.handle == "!").map(|tag| tag.suffix.clone()),
            };
            let done = match event {
                Event::Scalar(text, style, _, tag) => {
                    let null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                    let kind = if null { Kind::Null } else { Kind::Text(text.into_owned()) };
                    node(kind, tag.as_deref())
                }
                Event::SequenceStart(_, tag) => {
                    open.push((node(Kind::List(Vec::new()), tag.as_deref()), None));
                    if open.len() > DEEPEST {
                        return Err(format!("line {line}: it is nested more than {DEEPEST} deep"));
                    }
                    continue;
                }
                Event::MappingStart(_, tag) => {
                    open.push((node(Kind::Map(Vec::new()), tag.as_deref()), None));
                    if open.len() > DEEPEST {
                        return Err(format!("line {line}: it is nested more than {DEEPEST} deep"));
                    }
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                    Some((node, _)) => node,
                    None => continue,
                },
                Event::Alias(_) => return Err(format!("line {line}: `CloudFormation` takes no YAML aliases")),
                Event::StreamEnd | Event::DocumentEnd => break,
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => continue,
            };
            let Some((parent, key)) = open.last_mut() else { return Ok(done) };
            match (&mut parent.kind, key.take()) {
                (Kind::List(list), _) => list.push(done),
                (Kind::Map(map), Some(name)) => map.push((name, done)),
                (Kind::Map(map), None) => match done.kind {
                    Kind::Text(name) if map.iter().any(|(known, _)| *known == name) => {
                        return Err(format!("line {line}: `{name}` is there twice"));
                    }
                    Kind::Text(name) => *key = Some(name),
                    Kind::Null => *key = Some("null".to_owned()),
                    Kind::List(_) | Kind::Map(_) => return Err(format!("line {line}: a key is no text")),
                },
                (Kind::Null | Kind::Text(_), _) => {}
            }
        }
        Err("it is empty".to_owned())
    }

    /// The same without lines.
    pub(super) fn of(value: &Value) -> Self {
        let kind = match value {
            Value::Null => Kind::Null,
            Value::Bool(flag) => Kind::Text(flag.to_string()),
            Value::Number(number) => Kind::Text(number.to_string()),
            Value::String(text) => Kind::Text(text.clone()),
            Value::Array(list) => Kind::List(list.iter().map(Self::of).collect()),
            Value::Object(map) => Kind::Map(map.iter().map(|(key, value)| (key.clone(), Self::of(value))).collect()),
        };
        Self { kind, line: None, tag: None }
    }

    pub(super) fn entries(&self) -> &[(String, Self)] {
        match &self.kind {
            Kind::Map(map) => map,
            _ => &[],
        }
    }

    /// The elements of a list; another value is a list of one.
    pub(super) fn elements(&self) -> &[Self] {
        match &self.kind {
            Kind::List(list) => list,
            _ => std::slice::from_ref(self),
        }
    }

    /// Policies know their elements whatever their case.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, node)| node)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The lines on which its statements begin, if it is a policy.
    pub(super) fn statement_lines(&self) -> Vec<Option<usize>> {
        self.get("Statement")
            .map(|statement| statement.elements().iter().map(|one| one.line).collect())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_lines_are_kept() {
        let node = Node::parse("a:\n  - !Sub x\n  - ~\nb: {c: 'null'}\n").unwrap();
        let list = node.get("a").unwrap().elements();
        assert_eq!((list[0].tag.as_deref(), list[0].line, list[0].text()), (Some("Sub"), Some(2), Some("x")));
        assert_eq!(list[1].kind, Kind::Null);
        assert_eq!(node.get("b").unwrap().get("C").unwrap().text(), Some("null"));
    }

    #[test]
    fn what_would_grow_or_hide_is_refused() {
        assert!(Node::parse(&"[".repeat(200)).unwrap_err().contains("nested"));
        assert!(Node::parse(&"[".repeat(100_000)).is_err());
        assert!(Node::parse("a: &a [x]\nb: *a\n").unwrap_err().contains("aliases"));
        assert!(Node::parse("a: 1\na: 2\n").unwrap_err().contains("twice"));
        assert_eq!(Node::parse(""), Err("it is empty".to_owned()));
    }
}
