//! Cursors: base64 of exactly `{"id":"cust_456"}`, without white space.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use clientele_shared::model::CustomerNumber;
use clientele_shared::{Error, Result};

use crate::error::CURSOR;

#[derive(Serialize, Deserialize)]
struct Cursor<'a> {
    id: &'a str,
}

/// Returns a customer's cursor.
pub(crate) fn write(number: CustomerNumber) -> String {
    STANDARD.encode(format!("{{\"id\":\"{}\"}}", number.to_customer_id()))
}

/// Returns the number of the customer that a cursor points to. The customer might no longer exist.
///
/// # Errors
/// Returns [`Error::Invalid`] if the text is not a cursor.
pub(crate) fn read(text: &str) -> Result<CustomerNumber> {
    let number = STANDARD.decode(text.trim()).ok().and_then(|json| {
        let cursor: Cursor<'_> = serde_json::from_slice(&json).ok()?;
        CustomerNumber::from_customer_id(cursor.id)
    });
    number.ok_or_else(|| Error::invalid(CURSOR, "must be a cursor returned by this API"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_match_the_api_documentation() {
        let number = CustomerNumber::new(456).unwrap();
        assert_eq!(write(number), "eyJpZCI6ImN1c3RfNDU2In0=");
        assert_eq!(read("eyJpZCI6ImN1c3RfNDU2In0=").unwrap(), number);
    }

    #[test]
    fn malformed_cursors_are_rejected() {
        for wrong in [
            "",
            "x",
            "cust_456",
            "e30=",
            "eyJpZCI6ImN1c3RfMCJ9",
            "eyJpZCI6NDU2fQ==",
            "eyJpZCI6ImN1c3RfNDU2In0",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
