//! The three-way merge: which fields go to QuickBooks, which come from there, and which both sides have changed.

use celes::Country;
use clientele_shared::model::MirrorSide;
use serde_json::Value;

use super::fields::{ADDRESS_PARTS, Field, Fields};
use super::wire;

/// Both sides as they were when they last agreed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Base {
    /// Our fields.
    pub ours: Fields,
    /// The fields in QuickBooks.
    pub theirs: Fields,
}

/// A field that both sides have changed, and the values.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldConflict {
    /// The field.
    pub field: Field,
    /// The value when the two sides last agreed; null on first sight.
    pub base: Value,
    /// Our value.
    pub ours: Value,
    /// The value in QuickBooks.
    pub theirs: Value,
}

/// The decisions of a merge.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Merge {
    /// The fields whose value goes to QuickBooks.
    pub push: Vec<Field>,
    /// The fields whose value comes from QuickBooks.
    pub pull: Vec<Field>,
    /// The fields that both sides have changed; each is in `push` or `pull`, as the winner says.
    pub conflicts: Vec<FieldConflict>,
}

/// Merges two sides. Without a base, which is the case when a customer is matched for the first time, a value wins over an
/// empty field, and different values are a conflict.
#[must_use]
pub fn merge(base: Option<&Base>, ours: &Fields, theirs: &Fields, winner: MirrorSide) -> Merge {
    let none = Base::default();
    let base = base.unwrap_or(&none);
    let mut merged = Merge::default();
    for field in Field::ALL {
        let (own, their) = (ours.get(field), theirs.get(field));
        let (our_base, their_base) = (base.ours.get(field), base.theirs.get(field));
        // A value that has no room there is there in part. A change of that part must not replace the whole unseen.
        let is_partial = !is_same(field, our_base, their_base);
        match (own != our_base, !is_same(field, their, their_base)) {
            (false, false) => {}
            (true, false) => merged.push.push(field),
            (false, true) if !is_partial => merged.pull.push(field),
            // Characters that QuickBooks does not have can leave nothing of a value, which does not make it an empty one.
            (_, true) if is_mirrored(field, own, their) && own.is_null() == their.is_null() => {}
            // On first sight, a value wins over an empty field.
            (_, true) => {
                match winner {
                    MirrorSide::Ours => merged.push.push(field),
                    MirrorSide::Theirs => merged.pull.push(field),
                }
                merged.conflicts.push(FieldConflict {
                    field,
                    base: our_base.clone(),
                    ours: own.clone(),
                    theirs: their.clone(),
                });
            }
        }
    }
    merged
}

/// Whether a value in QuickBooks is what ours becomes there.
#[must_use]
pub fn is_mirrored(field: Field, ours: &Value, theirs: &Value) -> bool {
    is_same(field, &wire::legal(field, ours, false), theirs)
        || is_same(field, &wire::legal(field, ours, true), theirs)
}

/// Whether two values in QuickBooks mean the same: case does not matter in an email nor the spelling of a country, and only
/// the digits of a phone number count.
#[must_use]
pub fn is_same(field: Field, one: &Value, other: &Value) -> bool {
    if one == other {
        return true;
    }
    match (field, one.as_str(), other.as_str()) {
        (Field::Email, Some(one), Some(other)) => one.trim().eq_ignore_ascii_case(other.trim()),
        (Field::Phone | Field::MobilePhone, Some(one), Some(other)) => {
            one.trim() == other.trim() || digits(one).is_some_and(|one| Some(one) == digits(other))
        }
        (_, Some(one), Some(other)) => one.trim() == other.trim(),
        _ if field.is_address() => is_same_address(one, other),
        _ => false,
    }
}

/// Returns the digits of a phone number, if it is nothing but a number.
fn digits(phone: &str) -> Option<String> {
    let is_number = phone.chars().all(|c| c.is_ascii_digit() || " ()+-./".contains(c));
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    Some(digits).filter(|digits| is_number && digits.len() >= 7)
}

fn is_same_address(one: &Value, other: &Value) -> bool {
    ADDRESS_PARTS.iter().all(|(part, _)| {
        let text = |address: &Value| {
            address.get(*part).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
        };
        let (one, other) = (text(one), text(other));
        one == other || (*part == "country" && country(&one).is_some_and(|one| Some(one) == country(&other)))
    })
}

/// Returns the code of two letters of a country, which can be written as a name or a code of two or three letters.
fn country(text: &str) -> Option<&'static str> {
    let name: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let known = name.parse::<Country>().ok().or_else(|| Country::from_alias(&name).ok());
    known.map(|country| country.alpha2)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(values: &[(Field, Value)]) -> Fields {
        let mut fields = Fields::default();
        for (field, value) in values {
            fields.set(*field, value.clone());
        }
        fields
    }

    fn notes(text: Option<&str>) -> Fields {
        fields(&[(Field::Notes, text.into())])
    }

    /// The merge of one text field: its base on both sides, ours and theirs.
    fn merged(base: Option<&str>, ours: Option<&str>, theirs: Option<&str>, winner: MirrorSide) -> Merge {
        let base = Base { ours: notes(base), theirs: notes(base) };
        merge(Some(&base), &notes(ours), &notes(theirs), winner)
    }

    #[test]
    fn change_of_one_side_goes_to_the_other() {
        let merge = merged(Some("a"), Some("b"), Some("a"), MirrorSide::Theirs);
        assert_eq!((merge.push, merge.pull, merge.conflicts.len()), (vec![Field::Notes], vec![], 0));
        let merge = merged(Some("a"), Some("a"), None, MirrorSide::Ours);
        assert_eq!((merge.push, merge.pull, merge.conflicts.len()), (vec![], vec![Field::Notes], 0));
    }

    #[test]
    fn equal_changes_of_both_sides_are_no_conflict() {
        assert_eq!(merged(Some("a"), Some("b"), Some("b "), MirrorSide::Ours), Merge::default());
        assert_eq!(merged(Some("a"), None, None, MirrorSide::Ours), Merge::default());
    }

    #[test]
    fn winner_of_a_conflict_is_a_setting_and_the_loser_is_kept() {
        for (winner, push, pull) in
            [(MirrorSide::Ours, vec![Field::Notes], vec![]), (MirrorSide::Theirs, vec![], vec![Field::Notes])]
        {
            let merge = merged(Some("a"), Some("b"), Some("c"), winner);
            assert_eq!((merge.push, merge.pull), (push, pull));
            let conflict = &merge.conflicts[0];
            assert_eq!(
                (&conflict.base, &conflict.ours, &conflict.theirs),
                (&json!("a"), &json!("b"), &json!("c"))
            );
        }
    }

    #[test]
    fn change_of_a_value_that_was_cut_is_a_conflict() {
        let (whole, cut) = ("a".repeat(2_100), "a".repeat(2_000));
        let base = Base { ours: notes(Some(&whole)), theirs: notes(Some(&cut)) };
        let merge = |theirs| merge(Some(&base), &notes(Some(&whole)), &notes(theirs), MirrorSide::Theirs);
        assert_eq!(merge(Some(&cut)), Merge::default());
        for theirs in [Some("Call first."), None] {
            let merged = merge(theirs);
            assert_eq!((merged.pull, merged.conflicts.len()), (vec![Field::Notes], 1));
        }
    }

    #[test]
    fn value_without_a_character_of_quickbooks_is_not_an_empty_one() {
        let merge = merged(Some("a"), Some("日本語"), None, MirrorSide::Theirs);
        assert_eq!(merge.conflicts[0].ours, json!("日本語"));
    }

    #[test]
    fn value_wins_over_an_empty_field_on_first_sight() {
        let merge = |ours, theirs| merge(None, &notes(ours), &notes(theirs), MirrorSide::Ours);
        assert_eq!(merge(Some("a"), None).push, [Field::Notes]);
        assert_eq!(merge(None, Some("a")).pull, [Field::Notes]);
        assert_eq!(merge(Some("a"), Some("b")).conflicts.len(), 1);
    }

    #[test]
    fn spelling_that_means_the_same_is_no_change() {
        let same = |field, one: Value, other: Value| is_same(field, &one, &other);
        assert!(same(Field::Email, json!("Ann@Example.com"), json!("ann@example.com")));
        assert!(same(Field::Phone, json!("206-555-0123"), json!("(206) 555-0123")));
        assert!(!same(Field::Phone, json!("206-555-0123 ext 1"), json!("(206) 555-0123")));
        for spelling in ["US", "USA", "United States", "United States of America"] {
            let (one, other) =
                (json!({"city": "Reno", "country": spelling}), json!({"city": "Reno", "country": "USA"}));
            assert!(same(Field::BillingAddress, one, other), "{spelling}");
        }
        assert!(!same(Field::BillingAddress, json!({"country": "CAN"}), json!({"country": "USA"})));
        assert!(!same(Field::BillingAddress, json!({"country": "US"}), Value::Null));
    }
}
