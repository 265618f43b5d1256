//! Turns a stored object into the form that clients see.

use crate::entities::{Field, FieldKind, Kind};
use crate::switches::{Switch, Switches};
use crate::value::{Object, Value};

/// Characters of a tax identifier that clients see.
const VISIBLE: usize = 5;

/// Countries by the names that people write, with their ISO 3166 codes of three and two letters.
const COUNTRIES: [(&str, &str, &str); 16] = [
    ("united states", "USA", "US"),
    ("united states of america", "USA", "US"),
    ("canada", "CAN", "CA"),
    ("united kingdom", "GBR", "GB"),
    ("great britain", "GBR", "GB"),
    ("australia", "AUS", "AU"),
    ("new zealand", "NZL", "NZ"),
    ("ireland", "IRL", "IE"),
    ("india", "IND", "IN"),
    ("mexico", "MEX", "MX"),
    ("germany", "DEU", "DE"),
    ("france", "FRA", "FR"),
    ("spain", "ESP", "ES"),
    ("italy", "ITA", "IT"),
    ("netherlands", "NLD", "NL"),
    ("switzerland", "CHE", "CH"),
];

/// Returns the object with masked tax identifiers and, where that applies, countries as ISO codes.
#[must_use]
pub fn present(switches: &Switches, kind: Kind, object: &Object) -> Object {
    let mut shown = object.clone();
    let has_codes = kind == Kind::CompanyInfo || switches.is(Switch::BillAddrCountry, "iso3");
    let is_changed = |field: &&Field| match field.kind {
        FieldKind::TaxIdentifier => true,
        FieldKind::Address => has_codes,
        _ => false,
    };
    for field in kind.fields().filter(is_changed) {
        match shown.get_mut(field.name) {
            Some(Value::Object(address)) => {
                if let Some(code) = address.text("Country").and_then(country_code) {
                    address.set("Country", code);
                }
            }
            Some(identifier) => *identifier = masked(&identifier.to_text()).into(),
            None => {}
        }
    }
    shown
}

/// Returns a tax identifier of which only the last characters are visible: `123-45-6789` becomes
/// `XXXXXX56789`.
fn masked(identifier: &str) -> String {
    let length = identifier.chars().count();
    let plain: Vec<char> = identifier.chars().filter(|c| c.is_alphanumeric()).collect();
    let visible = &plain[plain.len().saturating_sub(VISIBLE)..];
    let hidden = length.saturating_sub(visible.len());
    "X".repeat(hidden) + &visible.iter().collect::<String>()
}

fn country_code(country: &str) -> Option<&'static str> {
    let is_same = |text: &str| text.eq_ignore_ascii_case(country.trim());
    let found = COUNTRIES.iter().find(|(name, three, two)| is_same(name) || is_same(three) || is_same(two));
    found.map(|(_, code, _)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;

    #[test]
    fn tax_identifiers_show_their_last_five_characters() {
        assert_eq!(masked("123-45-6789"), "XXXXXX56789");
        assert_eq!(masked("123456789"), "XXXX56789");
        assert_eq!(masked("12"), "12");
    }

    #[test]
    fn company_addresses_have_country_codes_and_others_if_switched_on() {
        let company = object! { "CompanyAddr" => object! { "Country" => "United States" } };
        let customer = object! { "BillAddr" => object! { "Country" => "United States" } };
        let country = |object: Object, field: &str| {
            object.get(field).unwrap().as_object().unwrap().text("Country").unwrap().to_owned()
        };
        let mut switches = Switches::default();
        assert_eq!(country(present(&switches, Kind::CompanyInfo, &company), "CompanyAddr"), "USA");
        assert_eq!(country(present(&switches, Kind::Customer, &customer), "BillAddr"), "United States");
        switches.set("bill_addr_country", &serde_json::json!("iso3")).unwrap();
        assert_eq!(country(present(&switches, Kind::Customer, &customer), "BillAddr"), "USA");
    }
}
