//! Cursors: base64 of the JSON array `[value,_id]`, without white space. The value is that of the column by which the list
//! is ordered: numbers as such, texts as they are compared, times in milliseconds.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use clientele_shared::model::{CustomerNumber, Money, Timestamp};
use clientele_shared::rules::entries::{Sort, SortValue};
use clientele_shared::store::Position;
use clientele_shared::{Error, Result};

use crate::error::CURSOR;
use crate::language::Column;

/// The cursor that the funnels API prints in its examples. It is not the base64 of anything.
const PRINTED: &str = "WzVE4OTA5LDEe/4OTA5XQ==";

/// A place where a list starts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// At its beginning, because the client sent the cursor of the documentation.
    Printed,
    /// After this position.
    After(Position),
}

/// Returns the cursor of a position. `created_at` is that of the customer there, if there is one.
pub(crate) fn write(column: Column, position: &Position, created_at: Option<Timestamp>) -> String {
    let number = position.number;
    let value = match (column, position.value.as_ref()) {
        (Column::CreatedAt, _) => created_at.map_or("null".to_owned(), |at| at.as_millis().to_string()),
        (Column::By(Sort::Expenses), Some(value)) => {
            Money::from_cents(value.to_cents().unwrap_or_default()).to_string()
        }
        (Column::By(Sort::Updated | Sort::OrdersCount), Some(value)) => {
            match value.as_str().trim_start_matches('0') {
                "" => "0".to_owned(),
                digits => digits.to_owned(),
            }
        }
        (Column::By(_), Some(value)) => serde_json::Value::from(value.as_str()).to_string(),
        (Column::Id | Column::By(_), _) => number.to_string(),
    };
    STANDARD.encode(format!("[{value},{number}]"))
}

/// Reads a cursor of a list that is ordered by this column. The customer there might no longer exist.
///
/// # Errors
/// Returns [`Error::Invalid`] if the text is not a cursor of such a list.
pub(crate) fn read(column: Column, text: &str) -> Result<Start> {
    if text == PRINTED {
        return Ok(Start::Printed);
    }
    let position = STANDARD.decode(text.trim()).ok().and_then(|json| position(column, &json));
    position.map(Start::After).ok_or_else(|| {
        Error::invalid(CURSOR, "must be a cursor that this API returned for a list in the same order")
    })
}

fn position(column: Column, json: &[u8]) -> Option<Position> {
    let (value, number): (&RawValue, u32) = serde_json::from_slice(json).ok()?;
    let number = CustomerNumber::try_from(number).ok()?;
    let text = value.get();
    let value = match column {
        Column::Id => {
            let value: u32 = parse(text)?;
            return (value == number.get()).then(|| Position::at(number));
        }
        Column::CreatedAt => {
            let is_moment = text == "null" || parse::<i64>(text).is_some();
            return is_moment.then(|| Position::at(number));
        }
        Column::By(Sort::Updated) => SortValue::moment(Timestamp::from_millis(parse(text)?)),
        Column::By(Sort::OrdersCount) => SortValue::count(parse(text)?),
        Column::By(Sort::Expenses) => SortValue::cents(parse::<Money>(text)?.to_cents()),
        Column::By(_) => SortValue::from_client(&serde_json::from_str::<String>(text).ok()?)?,
    };
    Some(Position { value: Some(value), number })
}

fn parse<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(number: u32) -> CustomerNumber {
        CustomerNumber::try_from(number).unwrap()
    }

    #[test]
    fn cursors_match_the_api_documentation() {
        let at = Position::at(number(191_350));
        assert_eq!(write(Column::Id, &at, None), "WzE5MTM1MCwxOTEzNTBd");
        assert_eq!(read(Column::Id, "WzE5MTM1MCwxOTEzNTBd").unwrap(), Start::After(at));
        assert_eq!(read(Column::Id, PRINTED).unwrap(), Start::Printed);
    }

    #[test]
    fn values_are_those_of_the_column() {
        let json = |column, value: SortValue| {
            let position = Position { value: Some(value), number: number(7) };
            let cursor = write(column, &position, None);
            assert_eq!(read(column, &cursor).unwrap(), Start::After(position));
            String::from_utf8(STANDARD.decode(cursor).unwrap()).unwrap()
        };
        assert_eq!(json(Column::By(Sort::Email), SortValue::text("É\"x")), "[\"e\\\"x\",7]");
        assert_eq!(json(Column::By(Sort::Expenses), SortValue::cents(-1_250)), "[-12.50,7]");
        assert_eq!(json(Column::By(Sort::OrdersCount), SortValue::count(0)), "[0,7]");
        let moment = Timestamp::from_millis(1_700_000_000_123);
        assert_eq!(json(Column::By(Sort::Updated), SortValue::moment(moment)), "[1700000000123,7]");
        let created = write(Column::CreatedAt, &Position::at(number(7)), Some(moment));
        assert_eq!(STANDARD.decode(created).unwrap(), b"[1700000000123,7]");
    }

    #[test]
    fn malformed_cursors_are_refused() {
        let id = |json: &str| read(Column::Id, &STANDARD.encode(json));
        for wrong in
            ["[1,2]", "[1,1,1]", "[1]", "{}", "[0,0]", "[\"1\",1]", "[2147483648,2147483648]", "[1,1"]
        {
            assert!(id(wrong).is_err(), "{wrong}");
        }
        let too_long = format!("[\"{}\",1]", "a".repeat(901));
        for wrong in ["[1,1]", "[null,1]", "[\"a\\u0000\",1]", too_long.as_str()] {
            assert!(read(Column::By(Sort::Email), &STANDARD.encode(wrong)).is_err(), "{wrong}");
        }
        assert!(read(Column::Id, "WzVE4OTA5LDEe").is_err());
    }

    proptest! {
        #[test]
        fn every_position_is_read_back(text in "\\PC{0,40}", cents in any::<i64>(), seven in 1_u32..=i32::MAX as u32) {
            for (sort, value) in [(Sort::LastName, SortValue::text(&text)), (Sort::Expenses, SortValue::cents(cents / 1_000_000))] {
                let position = Position { value: Some(value), number: number(seven) };
                let cursor = write(Column::By(sort), &position, None);
                prop_assert_eq!(read(Column::By(sort), &cursor).unwrap(), Start::After(position));
            }
        }
    }
}
