//! Global ids: base64 of the type and the number, `Customer:456`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use clientele_shared::model::CustomerNumber;

/// Returns the global id of an object.
pub(crate) fn write(of_type: &str, key: impl std::fmt::Display) -> async_graphql::ID {
    async_graphql::ID(STANDARD.encode(format!("{of_type}:{key}")))
}

/// Returns a customer's number: from its global id, from `cus_456`, or from the number alone. `None` if no customer can have
/// such an id.
pub(crate) fn customer(id: &str) -> Option<CustomerNumber> {
    let digits = |text: &str| CustomerNumber::from_digits(text);
    if let Some(number) = digits(id).or_else(|| digits(id.strip_prefix("cus_")?)) {
        return Some(number);
    }
    let text = String::from_utf8(STANDARD.decode(id).ok()?).ok()?;
    digits(text.strip_prefix("Customer:")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_have_three_forms_of_ids() {
        let number = CustomerNumber::new(191_350);
        assert_eq!(write("Customer", 191_350).as_str(), "Q3VzdG9tZXI6MTkxMzUw");
        for id in ["Q3VzdG9tZXI6MTkxMzUw", "cus_191350", "191350"] {
            assert_eq!(customer(id), number, "{id}");
        }
        for id in [
            "",
            "cus_",
            "cus_GsGlWiz-Tp1zRTOJf7Dkp",
            "cust_191350",
            "0",
            "-1",
            "T3JkZXI6MQ==",
            "Q3VzdG9tZXI6",
        ] {
            assert_eq!(customer(id), None, "{id}");
        }
    }
}
