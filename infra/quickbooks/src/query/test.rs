//! Fields, conditions and sort keys of a query, checked against the entity.

use std::cmp::Ordering;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::parser::{Condition, Operator};
use crate::clock::parse_time;
use crate::company::Entity;
use crate::entities::{FieldKind, Kind};
use crate::fault::Fault;
use crate::rules::fields::parse_date;
use crate::value::{Object, Value, parse_decimal};

/// A field that a query names, and how its values compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    /// `MetaData.LastUpdatedTime`.
    Updated,
    /// `MetaData.CreateTime`.
    Created,
    /// A field with numbers.
    Number(&'static str),
    /// A field with truth values.
    Flag(&'static str),
    /// A field with dates.
    Date(&'static str),
    /// A field with texts.
    Text(&'static str),
    /// A part of an object with one text, such as `PrimaryEmailAddr.Address`.
    Part(&'static str, &'static str),
}

/// A value that can be compared with others of the same column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Flag(bool),
    Number(Decimal),
    Time(Timestamp),
    Text(String),
}

impl Column {
    /// Finds a column by its name in any case.
    pub(super) fn find(kind: Kind, name: &str) -> Result<Self, Fault> {
        let not_queryable = || Fault::query_invalid(&format!("property '{name}' is not queryable"));
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "metadata.lastupdatedtime" => return Ok(Self::Updated),
            "metadata.createtime" => return Ok(Self::Created),
            "id" => return Ok(Self::Number("Id")),
            _ => {}
        }
        let (first, part) = name.split_once('.').map_or((name, None), |(first, part)| (first, Some(part)));
        let field = kind.fields().find(|field| field.name.eq_ignore_ascii_case(first));
        let field = field.filter(|field| field.queryable).ok_or_else(not_queryable)?;
        let is_part = |expected: &str| part.is_none_or(|part| part.eq_ignore_ascii_case(expected));
        match field.kind {
            FieldKind::Reference(_) if is_part("value") => Ok(Self::Part(field.name, "value")),
            FieldKind::Email if is_part("Address") => Ok(Self::Part(field.name, "Address")),
            _ if part.is_some() => Err(not_queryable()),
            FieldKind::Amount | FieldKind::Whole => Ok(Self::Number(field.name)),
            FieldKind::Flag => Ok(Self::Flag(field.name)),
            FieldKind::Date => Ok(Self::Date(field.name)),
            FieldKind::Text(_) | FieldKind::Name(_) | FieldKind::Choice(_) => Ok(Self::Text(field.name)),
            _ => Err(not_queryable()),
        }
    }

    /// Returns the value of an object, or `None` if it has none.
    pub(super) fn key(&self, entity: &Entity, fold: bool) -> Option<Key> {
        let object = &entity.object;
        match self {
            Self::Updated => Some(Key::Time(entity.updated)),
            Self::Created => {
                object.get("MetaData")?.as_object()?.text("CreateTime").and_then(parse_time).map(Key::Time)
            }
            Self::Number(name) => object.get(name)?.as_decimal().map(Key::Number),
            Self::Flag(name) => object.flag(name).map(Key::Flag),
            Self::Date(name) | Self::Text(name) => object.text(name).map(|text| text_key(text, fold)),
            Self::Part(name, part) => part_text(object, name, part).map(|text| text_key(text, fold)),
        }
    }

    /// Reads a value of the query.
    fn parse(&self, text: &str, fold: bool) -> Result<Key, Fault> {
        let key = match self {
            Self::Updated | Self::Created => parse_time(text).map(Key::Time),
            Self::Number(_) => parse_decimal(text).map(Key::Number),
            Self::Flag(_) => Value::from(text).as_bool().map(Key::Flag),
            Self::Date(_) => parse_date(text).map(|date| Key::Text(date.to_string())),
            Self::Text(_) | Self::Part(..) => Some(text_key(text, fold)),
        };
        key.ok_or_else(|| Fault::query_invalid(&format!("value '{text}' is invalid")))
    }
}

fn part_text<'a>(object: &'a Object, name: &str, part: &str) -> Option<&'a str> {
    object.get(name)?.as_object()?.text(part)
}

fn text_key(text: &str, fold: bool) -> Key {
    Key::Text(if fold { text.to_lowercase() } else { text.to_owned() })
}

/// A condition that has been checked.
#[derive(Debug)]
pub(super) struct Test {
    column: Column,
    operator: Operator,
    values: Vec<Key>,
    fold: bool,
}

impl Test {
    /// Checks the field and the values of a condition. `fold` ignores the case of texts.
    pub(super) fn new(kind: Kind, condition: &Condition, fold: bool) -> Result<Self, Fault> {
        let column = Column::find(kind, &condition.field)?;
        let values = if condition.operator == Operator::Like {
            if !matches!(column, Column::Text(_) | Column::Part(..) | Column::Date(_)) {
                let detail = format!("property '{}' can not be used with LIKE", condition.field);
                return Err(Fault::query_invalid(&detail));
            }
            condition.values.iter().map(|value| text_key(value, fold)).collect()
        } else {
            condition.values.iter().map(|value| column.parse(value, fold)).collect::<Result<_, _>>()?
        };
        let mut values: Vec<Key> = values;
        // Sorted, so that a long list of `IN` is searched in few steps.
        values.sort_unstable();
        Ok(Self { column, operator: condition.operator, values, fold })
    }

    /// Returns whether the condition is one on `Active`.
    pub(super) fn is_on_active(&self) -> bool {
        self.column == Column::Flag("Active")
    }

    /// Returns whether an object meets the condition. One without the field does not.
    pub(super) fn holds(&self, entity: &Entity) -> bool {
        if let (Column::Flag("Active"), Some(Key::Flag(_))) = (&self.column, self.values.first()) {
            return self.compares(&Key::Flag(entity.is_active));
        }
        self.column.key(entity, self.fold).is_some_and(|key| self.compares(&key))
    }

    fn compares(&self, key: &Key) -> bool {
        if matches!(self.operator, Operator::Equal | Operator::In) {
            return self.values.binary_search(key).is_ok();
        }
        self.values.iter().any(|value| match self.operator {
            Operator::Equal | Operator::In => false,
            Operator::Less => key.cmp(value) == Ordering::Less,
            Operator::LessOrEqual => key.cmp(value) != Ordering::Greater,
            Operator::Greater => key.cmp(value) == Ordering::Greater,
            Operator::GreaterOrEqual => key.cmp(value) != Ordering::Less,
            Operator::Like => match (key, value) {
                (Key::Text(text), Key::Text(pattern)) => is_like(text, pattern),
                _ => false,
            },
        })
    }
}

/// Returns whether a text matches a pattern in which `%` stands for any text.
pub(super) fn is_like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('%');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}
