//! Rules of customers, vendors and employees: display names, parents, and what deactivation does.
//!
//! Source: the business rules of Intuit's Customer page. Unconfirmed details are switches.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::lists::set_default;
use super::write::{Author, Writer};
use crate::company::{Stamp, reference_id};
use crate::entities::{Family, Kind};
use crate::fault::Fault;
use crate::object;
use crate::switches::Switch;
use crate::value::{Object, Value};

/// Parts of a name, in the order in which they form a display name.
const PARTS: [&str; 5] = ["Title", "GivenName", "MiddleName", "FamilyName", "Suffix"];
/// Levels below a top-level customer.
const MAX_LEVEL: u64 = 4;
/// Appended to the name of an object that is made inactive.
const DELETED: &str = " (deleted)";
/// Longest name on checks. The default is cut to it, so that a client can write back what it has read.
const MAX_CHECK_NAME: usize = 110;

/// Opening balance of a new customer, and its date if the client gave one.
#[derive(Debug)]
pub(super) struct OpeningBalance {
    pub(super) amount: Decimal,
    pub(super) date: Option<Date>,
}

/// Checks the rules of names, and sets defaults and the fields that follow from others.
pub(super) fn prepare(
    writer: &mut Writer<'_>,
    kind: Kind,
    old: Option<(u64, &Object)>,
    object: &mut Object,
) -> Result<(), Fault> {
    let id = old.map(|(id, _)| id);
    set_default(object, "Active", true.into());
    if object.text("DisplayName").is_none() {
        let name = joined_name(object).ok_or_else(Fault::no_name)?;
        let (max, length) = (max_name(writer), name.chars().count());
        if length > max {
            return Err(Fault::length("DisplayName", max, length));
        }
        object.set("DisplayName", name);
    }
    if let Some((_, old)) = old {
        change_active(writer, kind, old, object)?;
    }
    check_unique(writer, kind, id, object.text("DisplayName").unwrap_or_default())?;
    let name = object.text("DisplayName").unwrap_or_default().to_owned();
    let check_name: String = name.chars().take(MAX_CHECK_NAME).collect();
    set_default(object, "PrintOnCheckName", check_name.into());
    if kind != Kind::Employee {
        set_default(
            object,
            "CurrencyRef",
            object! { "value" => "USD", "name" => "United States Dollar" }.into(),
        );
    }
    if kind == Kind::Customer {
        prepare_customer(writer, id, object, &name)?;
    }
    if kind == Kind::Vendor {
        set_default(object, "Balance", 0_u64.into());
        set_default(object, "Vendor1099", false.into());
    }
    Ok(())
}

fn joined_name(object: &Object) -> Option<String> {
    let parts: Vec<&str> = PARTS.iter().filter_map(|part| object.text(part)).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn prepare_customer(
    writer: &Writer<'_>,
    id: Option<u64>,
    object: &mut Object,
    name: &str,
) -> Result<(), Fault> {
    set_default(object, "Taxable", true.into());
    set_default(object, "PreferredDeliveryMethod", "Print".into());
    set_default(object, "BillWithParent", false.into());
    set_default(object, "Balance", 0_u64.into());
    set_default(object, "BalanceWithJobs", 0_u64.into());
    set_default(object, "IsProject", false.into());
    if object.flag("Taxable") == Some(false) {
        object.remove("DefaultTaxCodeRef");
    }
    let parent = reference_id(object, "ParentRef");
    if object.flag("Job") == Some(true) && parent.is_none() {
        return Err(Fault::required("ParentRef"));
    }
    let Some(parent) = parent else {
        object.set("Job", false);
        object.set("BillWithParent", false);
        object.remove("Level");
        object.set("FullyQualifiedName", name);
        return Ok(());
    };
    let (level, parent_name) = parent_of(writer, id, parent)?;
    let depth = id.map_or(0, |id| depth_below(writer, id, 0));
    if level + 1 + depth > MAX_LEVEL {
        return Err(Fault::invalid_parent());
    }
    object.set("Job", true);
    object.set("Level", level + 1);
    object.set("FullyQualifiedName", format!("{parent_name}:{name}"));
    Ok(())
}

/// Returns the level and the full name of a parent, which must not be `id` or below it.
fn parent_of(writer: &Writer<'_>, id: Option<u64>, parent: u64) -> Result<(u64, String), Fault> {
    if writer.company.lineage(parent).any(|above| Some(above) == id) {
        return Err(Fault::parent_is_child());
    }
    let entity = writer.company.get(Kind::Customer, parent).ok_or_else(Fault::invalid_parent)?;
    let level = writer.company.lineage(parent).skip(1).fold(0, |level, _| level + 1);
    Ok((level, entity.object.text("FullyQualifiedName").unwrap_or_default().to_owned()))
}

/// Returns the number of levels below a customer.
fn depth_below(writer: &Writer<'_>, id: u64, level: u64) -> u64 {
    if level > MAX_LEVEL {
        return 0;
    }
    let children = writer.company.index().children(id);
    children.iter().map(|child| 1 + depth_below(writer, *child, level + 1)).max().unwrap_or_default()
}

/// Refuses a name that another customer, vendor or employee has, active or not.
fn check_unique(writer: &Writer<'_>, kind: Kind, id: Option<u64>, name: &str) -> Result<(), Fault> {
    let is_same = |other: &str| match () {
        () if writer.switches.is(Switch::DisplayNameComparison, "exact") => other == name,
        () if writer.switches.is(Switch::DisplayNameComparison, "case_insensitive") => {
            other.to_lowercase() == name.to_lowercase()
        }
        () => true,
    };
    let holders = writer.company.index().names(name).iter();
    let mut others = holders.filter(|(other, other_id)| {
        other.family() == Family::Name && !(*other == kind && Some(*other_id) == id)
    });
    let is_taken = others.any(|(other, other_id)| {
        let entity = writer.company.get(*other, *other_id);
        entity.and_then(|entity| entity.object.text("DisplayName")).is_some_and(is_same)
    });
    if is_taken { Err(Fault::duplicate_name()) } else { Ok(()) }
}

/// Appends ` (deleted)` when the object is made inactive, and removes it when the object is made active.
fn change_active(
    writer: &mut Writer<'_>,
    kind: Kind,
    old: &Object,
    object: &mut Object,
) -> Result<(), Fault> {
    let was_active = old.flag("Active") != Some(false);
    let is_active = object.flag("Active") != Some(false);
    let name = object.text("DisplayName").unwrap_or_default().to_owned();
    if was_active && !is_active {
        let balance = old.decimal("Balance");
        let is_refused = writer.switches.is(Switch::DeactivateWithBalance, "refused");
        if writer.author == Author::Client && is_refused && !balance.is_zero() {
            return Err(Fault::business("The customer has a non-zero balance and can't be made inactive."));
        }
        if writer.switches.is_on(Switch::DeletedSuffix) && !name.ends_with(DELETED) {
            object.set("DisplayName", free_deleted_name(writer, kind, &name));
        }
    }
    let is_restored = writer.switches.is_on(Switch::ReactivationRestoresName);
    if !was_active && is_active && is_restored && old.text("DisplayName") == Some(&name) {
        object.set("DisplayName", without_deleted(&name).to_owned());
    }
    Ok(())
}

/// Returns `name` with the suffix, and a number if that name is taken. A name that would become too long is
/// cut before the suffix.
fn free_deleted_name(writer: &Writer<'_>, kind: Kind, name: &str) -> String {
    let with = |suffix: String| {
        let kept = max_name(writer).saturating_sub(suffix.chars().count());
        name.chars().take(kept).chain(suffix.chars()).collect::<String>()
    };
    let numbered = (2_u32..).map(|n| format!("{DELETED} {n}"));
    let mut names = std::iter::once(DELETED.to_owned()).chain(numbered).map(with);
    names.find(|name| check_unique(writer, kind, None, name).is_ok()).unwrap_or_default()
}

/// Returns a name without the suffix, and without its number, at the end.
fn without_deleted(name: &str) -> &str {
    let numbered = name.trim_end_matches(|c: char| c.is_ascii_digit()).strip_suffix(' ');
    let stem = [Some(name), numbered].into_iter().flatten().find_map(|name| name.strip_suffix(DELETED));
    stem.filter(|stem| !stem.is_empty()).unwrap_or(name)
}

/// Returns the length of the longest display name, in characters.
fn max_name(writer: &Writer<'_>) -> usize {
    usize::try_from(writer.switches.number(Switch::DisplayNameMax)).unwrap_or(usize::MAX)
}

/// Returns the opening balance of a new customer, and sets its balance to zero: an invoice will raise it.
pub(super) fn take_opening_balance(kind: Kind, object: &mut Object) -> Option<OpeningBalance> {
    if kind != Kind::Customer {
        return None;
    }
    let amount = object.decimal("Balance");
    object.set("Balance", 0_u64);
    let date = object.remove("OpenBalanceDate").and_then(|date| date.as_str()?.parse().ok());
    (amount > Decimal::ZERO).then_some(OpeningBalance { amount, date })
}

/// Sets the full names of the customers below a customer, after its own name or parent has changed.
pub(super) fn refresh_children(writer: &mut Writer<'_>, kind: Kind, id: u64) {
    if kind != Kind::Customer {
        return;
    }
    let Some(parent) = writer.company.get(kind, id).cloned() else { return };
    let parent_name = parent.object.text("FullyQualifiedName").unwrap_or_default();
    let level = parent.object.get("Level").and_then(Value::as_decimal).unwrap_or_default() + Decimal::ONE;
    for child in writer.company.index().children(id).to_vec() {
        let Some(entity) = writer.company.get(kind, child).cloned() else { continue };
        let mut object = entity.object.clone();
        let name = format!("{parent_name}:{}", object.text("DisplayName").unwrap_or_default());
        if object.text("FullyQualifiedName") == Some(&name) && object.decimal("Level") == level {
            continue;
        }
        object.set("FullyQualifiedName", name);
        object.set("Level", level);
        writer.save(kind, child, object, Stamp::Quiet);
        refresh_children(writer, kind, child);
    }
}

#[cfg(test)]
mod tests {
    use super::without_deleted;

    #[test]
    fn only_the_suffix_at_the_end_is_removed() {
        for (name, expected) in [
            ("Ann (deleted)", "Ann"),
            ("Ann (deleted) 12", "Ann"),
            ("Ann (deleted) & Co", "Ann (deleted) & Co"),
            ("Ann (deleted) Smith (deleted)", "Ann (deleted) Smith"),
            ("Ann 12", "Ann 12"),
            ("Ann (deleted)12", "Ann (deleted)12"),
            (" (deleted)", " (deleted)"),
        ] {
            assert_eq!(without_deleted(name), expected);
        }
    }
}
