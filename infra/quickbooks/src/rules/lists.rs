//! Rules of items, terms and the other lists.

use rust_decimal::Decimal;

use super::write::Writer;
use crate::company::reference_id;
use crate::entities::Kind;
use crate::fault::Fault;
use crate::value::{Object, Value};

/// Deepest level of an item below its category.
const MAX_LEVEL: i64 = 4;

/// Checks the name, sets defaults and the fields that follow from others.
pub(super) fn prepare(
    writer: &Writer<'_>,
    kind: Kind,
    id: Option<u64>,
    object: &mut Object,
) -> Result<(), Fault> {
    let name = object.text("Name").ok_or_else(|| Fault::required("Name"))?.to_owned();
    set_default(object, "Active", true.into());
    if kind == Kind::Item {
        set_default(object, "Type", "Service".into());
        set_default(object, "UnitPrice", 0_u64.into());
        set_default(object, "Taxable", false.into());
    }
    if kind == Kind::Term {
        let is_standard = object.get("DueDays").is_some() || object.get("DayOfMonthDue").is_none();
        object.set("Type", if is_standard { "STANDARD" } else { "DATE_DRIVEN" });
    }
    let full_name =
        match reference_id(object, "ParentRef").filter(|_| matches!(kind, Kind::Item | Kind::Account)) {
            Some(parent) => {
                if Some(parent) == id {
                    return Err(Fault::parent_is_child());
                }
                let parent = writer.company.get(kind, parent).ok_or_else(Fault::invalid_parent)?;
                let level =
                    parent.object.get("Level").and_then(Value::as_decimal).unwrap_or_default() + Decimal::ONE;
                if level > Decimal::from(MAX_LEVEL) {
                    return Err(Fault::invalid_parent());
                }
                object.set("Level", level);
                let parent_name = parent.object.text("FullyQualifiedName").or(parent.object.text("Name"));
                format!("{}:{name}", parent_name.unwrap_or_default())
            }
            None => name.clone(),
        };
    let mut same_name = writer.company.index().names(&name).iter().filter(|(other, other_id)| {
        let is_other = *other == kind && Some(*other_id) != id;
        let full = |object: &Object| {
            object.text("FullyQualifiedName").or(object.text("Name")).map(str::to_lowercase)
        };
        is_other
            && writer.company.get(*other, *other_id).and_then(|entity| full(&entity.object))
                == Some(full_name.to_lowercase())
    });
    if let Some((_, other)) = same_name.next() {
        return Err(Fault::duplicate_list_name(*other));
    }
    if matches!(kind, Kind::Item | Kind::Account) {
        object.set("FullyQualifiedName", full_name);
    }
    Ok(())
}

/// Sets a field that is absent.
pub(super) fn set_default(object: &mut Object, name: &str, value: Value) {
    if object.get(name).is_none() {
        object.set(name, value);
    }
}
