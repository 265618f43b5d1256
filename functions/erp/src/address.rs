//! Addresses that clients of this dialect send.

use serde_json::Value;

use clientele_functions_common::form::Form;
use clientele_shared::model::Address;
use clientele_shared::rules::text::{Rule, line};

/// The members of an address, and their rules.
const PARTS: [(&str, Rule); 6] = [
    ("line1", line),
    ("line2", line),
    ("city", line),
    ("state", line),
    ("postal_code", line),
    ("country", country),
];

/// Replaces an address as a whole. One that is sent back as it was read keeps the parts that this dialect does not show.
pub(crate) fn replace(form: &mut Form<'_>, name: &str, target: &mut Address) {
    let body = match form.get(name) {
        None => return,
        Some(Value::Null) => return *target = Address::default(),
        Some(Value::Object(body)) => body,
        Some(_) => return form.add_error(name, "must be an object or null"),
    };
    let mut nested = Form::nested(body, name);
    let before =
        [&target.line1, &target.line2, &target.city, &target.state, &target.postal_code, &target.country];
    let parts = PARTS.into_iter().zip(before).map(|((name, rule), before)| {
        let mut after = before.clone().filter(|_| body.contains_key(name));
        nested.text(name, &mut after, rule);
        after
    });
    let after: Vec<Option<String>> = parts.collect();
    form.absorb(nested);
    if before.into_iter().eq(&after) {
        return;
    }
    let mut parts = after.into_iter();
    let mut part = || parts.next().flatten();
    *target = Address {
        line1: part(),
        line2: part(),
        city: part(),
        state: part(),
        postal_code: part(),
        country: part(),
        ..Address::default()
    };
}

fn country(text: &str) -> Result<String, String> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Ok(text.to_ascii_uppercase());
    }
    Err("must be a country code of two letters, such as US".into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn country_is_a_code_of_two_letters() {
        assert_eq!(country("br").as_deref(), Ok("BR"));
        for wrong in ["", "B", "BRA", "B1", "é"] {
            assert!(country(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn country_never_panics(text in "\\PC{0,40}") {
            let _either_way = country(&text);
        }
    }
}
