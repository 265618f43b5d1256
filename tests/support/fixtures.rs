//! Customers to test with.

use serde_json::{Value, json};

/// The customer of the document's examples, as its create request should have been.
pub(crate) fn john() -> Value {
    json!({
        "first_name": "John",
        "last_name": "Doe",
        "email": "john@example.com",
        "phone": "206-555-1234",
        "billing_address1": "123 Main St",
        "billing_city": "Seattle",
        "billing_state": "WA",
        "billing_zip": "98101",
    })
}

/// A customer told apart by a number.
pub(crate) fn numbered(number: usize) -> Value {
    json!({ "first_name": "Customer", "last_name": format!("No{number:05}") })
}
