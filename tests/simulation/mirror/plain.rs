//! The values of one customer on both sides, compared without the rules of the mirror's own code: a plain value is the same text
//! on both sides, and an empty one is empty on both.

use clientele_shared::model::CustomerFields;
use clientele_sync_agent::quickbooks::Object;
use serde_json::Value;

/// Returns the first plain value that differs.
pub(crate) fn difference(own: &CustomerFields, object: &Object, is_active: bool) -> Option<String> {
    let there = Value::Object(object.clone());
    if there["Active"] != is_active {
        return Some(format!("active is {is_active} here and {} there", there["Active"]));
    }
    let common = [
        ("notes", &own.notes, "/Notes"),
        ("email", &own.email, "/PrimaryEmailAddr/Address"),
        ("phone", &own.phone, "/PrimaryPhone/FreeFormNumber"),
        ("mobile phone", &own.mobile_phone, "/Mobile/FreeFormNumber"),
        ("website", &own.website, "/WebAddr/URI"),
        ("billing street", &own.billing.line1, "/BillAddr/Line1"),
        ("billing city", &own.billing.city, "/BillAddr/City"),
        ("billing postal code", &own.billing.postal_code, "/BillAddr/PostalCode"),
        ("shipping street", &own.physical.line1, "/ShipAddr/Line1"),
        ("shipping city", &own.physical.city, "/ShipAddr/City"),
        ("shipping postal code", &own.physical.postal_code, "/ShipAddr/PostalCode"),
    ];
    let names = [
        ("first name", &own.first_name, "/GivenName"),
        ("last name", &own.last_name, "/FamilyName"),
        ("company", &own.company_name, "/CompanyName"),
    ];
    // A customer there with nothing but a display name has no other name to compare.
    let has_names = names.iter().any(|(.., path)| !text(&there, path).is_empty());
    if !has_names && !is_called(own, text(&there, "/DisplayName")) {
        return Some(format!("the name is another here than there: {own:?}"));
    }
    let names = names.into_iter().filter(|_| has_names);
    let differing = common.into_iter().chain(names).find_map(|(name, own, path)| {
        let (own, their) = (own.as_deref().unwrap_or(""), text(&there, path));
        // QuickBooks can hold a plain value as it is, whatever it holds.
        let is_comparable = is_plain(if own.is_empty() { their } else { own });
        (is_comparable && !is_equal(name, own, their)).then(|| (name, own.to_owned(), their.to_owned()))
    });
    differing.map(|(name, own, their)| format!("{name} is `{own}` here and `{their}` there"))
}

/// Whether a display name is that of our customer, as far as it is plain: it can end in a number or as a deleted one.
fn is_called(own: &CustomerFields, display_name: &str) -> bool {
    let person = [&own.first_name, &own.last_name].map(|name| name.as_deref().unwrap_or("")).join(" ");
    let name = own.company_name.as_deref().unwrap_or(person.trim());
    !is_plain(name) || display_name.to_lowercase().starts_with(&name.to_lowercase())
}

fn text<'a>(there: &'a Value, path: &str) -> &'a str {
    there.pointer(path).and_then(Value::as_str).unwrap_or("")
}

/// Whether QuickBooks can hold a text as it is.
fn is_plain(text: &str) -> bool {
    let has_plain_spaces = text.split(' ').all(|word| !word.is_empty()) || text.is_empty();
    has_plain_spaces
        && text.len() <= 20
        && text.chars().all(|c| c.is_ascii_alphanumeric() || " .@-()+".contains(c))
}

/// Emails are equal without case, and phone numbers by their digits.
fn is_equal(name: &str, own: &str, their: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    match name {
        "email" => own.eq_ignore_ascii_case(their),
        "phone" | "mobile phone" => own == their || (!digits(own).is_empty() && digits(own) == digits(their)),
        _ => own == their,
    }
}

#[test]
fn differences_of_plain_values_are_found_and_others_are_left_to_the_mirror() {
    let own = CustomerFields {
        notes: Some("gate 4".into()),
        phone: Some("206-555-0101".into()),
        website: Some("https://example.com".into()),
        first_name: Some("Ann".into()),
        last_name: Some("Lee".into()),
        ..CustomerFields::default()
    };
    let named = |name: &str, notes: &str, phone: &str| {
        let there = serde_json::json!({
            "Active": true, "DisplayName": name, "Notes": notes, "PrimaryPhone": { "FreeFormNumber": phone },
        });
        difference(&own, there.as_object().unwrap(), true)
    };
    let difference = |notes: &str, phone: &str| named("Ann Lee (deleted)", notes, phone);
    assert!(named("Ann", "gate 4", "206-555-0101").unwrap().starts_with("the name is another"));
    assert_eq!(difference("gate 4", "(206) 555 0101"), None);
    assert_eq!(
        difference("gate 5", "206-555-0101"),
        Some("notes is `gate 4` here and `gate 5` there".into())
    );
    assert_eq!(difference("", "206-555-0101"), Some("notes is `gate 4` here and `` there".into()));
    assert!(difference("gate 4; and more than QuickBooks was sent", "206-555-0101").is_some());
    assert!(difference("gate 4", "206-555-0102").unwrap().starts_with("phone is"));
}
