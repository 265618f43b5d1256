//! The demo company: a small pool service with customers, items, invoices and payments.

use jiff::{SignedDuration, Timestamp};

use super::Company;
use crate::entities::Kind;
use crate::rules::write::{Author, Writer};
use crate::switches::Switches;
use crate::value::{Object, Value};

/// The objects, in the order in which they are created, as a list of `[entity, object]`.
const OBJECTS: &str = include_str!("demo.json");

/// Creates the demo company. Its objects are created one hour apart, the last one an hour before `now`.
///
/// The file is part of the source, and a test proves that each object is accepted: none is left out.
pub fn create(company: &mut Company, switches: &Switches, now: Timestamp) {
    let Ok(Value::List(objects)) = Value::parse(OBJECTS) else { return };
    let count = i64::try_from(objects.len()).unwrap_or_default();
    for (at, entry) in (0..).zip(&objects) {
        let Some((kind, object)) = parse(entry) else { continue };
        let time = now.saturating_sub(SignedDuration::from_hours(count - at)).unwrap_or(now);
        if let Err(fault) = create_one(company, switches, time, kind, object) {
            tracing::error!("the demo company lacks a {kind}: {}", fault.detail);
        }
    }
}

fn parse(entry: &Value) -> Option<(Kind, &Object)> {
    let [kind, object] = entry.items() else { return None };
    Some((Kind::find(kind.as_str()?)?, object.as_object()?))
}

fn create_one(
    company: &mut Company,
    switches: &Switches,
    now: Timestamp,
    kind: Kind,
    object: &Object,
) -> Result<(), crate::fault::Fault> {
    if kind.family() == crate::entities::Family::Single {
        company.save(kind, 1, object.clone(), super::Stamp::Create, now, switches);
        return Ok(());
    }
    let mut writer =
        Writer { company, switches, now, author: Author::Person, allow_duplicate_numbers: false };
    writer.write(kind, object).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_of_the_file_is_created() {
        let mut company = Company::default();
        create(&mut company, &Switches::default(), Timestamp::from_second(1_800_000_000).unwrap());
        let objects = Value::parse(OBJECTS).unwrap();
        for kind in crate::entities::KINDS {
            let expected = objects.items().iter().filter(|entry| parse(entry).unwrap().0 == kind).count();
            assert_eq!(company.count(kind), expected, "{kind}");
        }
        let balance = |id| company.get(Kind::Customer, id).unwrap().object.decimal("Balance").to_string();
        assert_eq!((balance(1), balance(2)), ("0".to_owned(), "130".to_owned()));
    }
}
