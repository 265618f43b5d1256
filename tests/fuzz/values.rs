//! Mutated ids, amounts, dates, cursors and settings: a text that is accepted is written as it was read.

use std::fmt::Display;
use std::str::FromStr;

use clientele_shared::model::{
    Color, Currency, CustomerNumber, Date, JsonObject, Mode, Money, Percentage, ProductId, Scopes, TagId,
    TenantId, Timestamp,
};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{Change, LogPosition};
use clientele_shared::table::keys;

use super::{Mutator, cases, seeds};

#[test]
fn mutated_values_are_read_as_they_are_written() {
    let seeds = seeds(include_str!("seeds/values.txt"));
    for case in cases() {
        let text = Mutator::new(&seeds, case).text();
        stable::<TagId>(&text);
        stable::<TenantId>(&text);
        stable::<LogPosition>(&text);
        stable::<Change>(&text);
        stable::<Date>(&text);
        stable::<Money>(&text);
        stable::<Percentage>(&text);
        stable::<Scopes>(&text);
        let _either_way = (
            text.parse::<Mode>(),
            text.parse::<Currency>(),
            text.parse::<ProductId>(),
            text.parse::<Color>(),
        );
        if let Some(number) = CustomerNumber::from_customer_id(&text) {
            assert_eq!(number.to_customer_id(), text);
        }
        if let Ok(object) = JsonObject::parse(&text) {
            assert_eq!(object.to_raw().map(|raw| raw.get()), Some(text.trim()));
        }
        let _either_way = (Timestamp::from_rfc3339(&text), SearchQuery::parse(&text));
        let _either_way = (keys::customer_uuid(&text), keys::search_number(&text), keys::search_value(&text));
    }
}

/// Checks that a text that is accepted is a value whose own text is accepted, too, as the same value.
#[track_caller]
fn stable<T: FromStr + Display + PartialEq + std::fmt::Debug>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let written = value.to_string();
        match written.parse::<T>() {
            Ok(again) => assert_eq!(again, value, "{text:?} was written as {written:?}"),
            Err(_) => panic!("{text:?} was written as {written:?}, which is refused"),
        }
    }
}
