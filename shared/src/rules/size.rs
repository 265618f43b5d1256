//! The size of a customer: how long its JSON is at most, in any dialect.

use crate::model::{Address, Contact, CustomerFields, JsonObject};
use crate::{Error, Result};

/// Maximum length of a customer's JSON, in bytes: 100 customers then fit in the 6 MB that a Lambda can return.
pub const MAX_JSON: usize = 48 * 1024;

/// The most that the members' names, numbers, dates and ids of a customer's JSON take, in bytes.
const OVERHEAD: usize = 4 * 1024;

/// Returns the length of a text as a JSON string, in bytes: with its quotation marks and escapes.
#[must_use]
pub fn json_length(text: &str) -> usize {
    let escapes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..0x20 => 5,
        _ => 0,
    });
    text.len() + 2 + escapes.sum::<usize>()
}

/// Returns the length of a text in a JSON body that is returned as a JSON string, as a Lambda returns it: its quotation
/// marks and escapes are escaped again.
#[must_use]
pub fn enveloped_length(text: &str) -> usize {
    let escapes = text.bytes().map(|byte| match byte {
        b'"' | b'\\' => 3,
        b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 0,
    });
    text.len() + 4 + escapes.sum::<usize>()
}

/// Returns the length of the values in a customer's JSON as a Lambda returns it, in bytes; see [`enveloped_length`]. Names
/// and values of a fixed length are not counted.
#[must_use]
pub fn values_length(fields: &CustomerFields) -> usize {
    // The quotation marks and backslashes of JSON that is in the body already are escaped once.
    let escapes = |json: &str| json.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    sizes(fields, enveloped_length, |json| json.len() + escapes(json)).map(|(_, bytes)| bytes).sum()
}

/// Checks that a customer's JSON is short enough in any dialect.
///
/// # Errors
/// Returns [`Error::Invalid`] for the largest field if it is not.
pub fn check(fields: &CustomerFields) -> Result<()> {
    let sizes = || sizes(fields, json_length, str::len);
    if sizes().map(|(_, bytes)| bytes).sum::<usize>() + OVERHEAD <= MAX_JSON {
        return Ok(());
    }
    let largest = sizes().max_by_key(|(_, bytes)| *bytes).map_or("body", |(name, _)| name);
    Err(Error::invalid(largest, format!("makes the customer larger than {} KB; shorten it", MAX_JSON / 1024)))
}

/// The fields of any length, with the length of their texts and of their free-form JSON.
fn sizes(
    fields: &CustomerFields,
    text: fn(&str) -> usize,
    json: impl Fn(&str) -> usize,
) -> impl Iterator<Item = (&'static str, usize)> {
    let texts = [
        ("first_name", &fields.first_name),
        ("last_name", &fields.last_name),
        ("company_name", &fields.company_name),
        ("email", &fields.email),
        ("phone", &fields.phone),
        ("mobile_phone", &fields.mobile_phone),
        ("fax", &fields.fax),
        ("website", &fields.website),
        ("notes", &fields.notes),
        ("quickbooks_id", &fields.quickbooks_id),
        ("tax_id", &fields.tax_id),
        ("payment_terms", &fields.payment_terms),
        ("currency", &fields.currency),
        ("preferred_shipping", &fields.preferred_shipping),
    ];
    let texts = texts.map(|(name, value)| (name, value.as_deref().map_or(0, text)));
    let object = |object: &Option<JsonObject>| object.as_ref().map_or(0, |object| json(object.as_str()));
    let others = [
        ("physical_address", address(&fields.physical, text)),
        ("billing_address", address(&fields.billing, text)),
        ("internal_flags", object(&fields.internal_flags)),
        ("custom", object(&fields.custom)),
        ("contacts", fields.contacts.iter().map(|one| contact(one, text)).sum()),
    ];
    texts.into_iter().chain(others)
}

fn address(address: &Address, text: fn(&str) -> usize) -> usize {
    let Address {
        line1,
        line2,
        city,
        state,
        postal_code,
        country,
        area,
        first_name,
        last_name,
        email,
        phone,
    } = address;
    let place = [line1, line2, city, state, postal_code, country, area];
    let recipient = [first_name, last_name, email, phone];
    place.into_iter().chain(recipient).flatten().map(|part| text(part)).sum()
}

fn contact(contact: &Contact, text: fn(&str) -> usize) -> usize {
    /// The members' names, two dates and the flag.
    const OVERHEAD: usize = 200;
    let optional = [&contact.title, &contact.email, &contact.phone].into_iter().flatten();
    let texts = optional.chain([&contact.id, &contact.name]);
    texts.map(|part| text(part)).sum::<usize>() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn notes(notes: String) -> CustomerFields {
        CustomerFields { notes: Some(notes), phone: Some("1".into()), ..CustomerFields::default() }
    }

    #[test]
    fn largest_field_of_a_large_customer_is_named() {
        assert!(check(&notes("x".repeat(40_000))).is_ok());
        let Err(Error::Invalid(fields)) = check(&notes("\u{1}".repeat(10_000))) else { panic!("accepted") };
        assert_eq!(fields[0].field, "notes");
        assert_eq!(fields[0].message, "makes the customer larger than 48 KB; shorten it");
    }

    proptest! {
        #[test]
        fn json_length_is_that_of_the_serializer(text in any::<String>()) {
            prop_assert_eq!(json_length(&text), serde_json::to_string(&text).unwrap().len());
        }

        #[test]
        fn enveloped_length_is_that_of_json_in_a_json_string(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(enveloped_length(&text) + 2, serde_json::to_string(&json).unwrap().len());
        }
    }
}
