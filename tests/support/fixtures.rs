//! Sample customers.

use serde_json::{Value, json};

/// Returns the customer of the specification's examples, as a create request.
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

/// Returns a customer identified by a number.
pub(crate) fn numbered(number: usize) -> Value {
    json!({ "first_name": "Customer", "last_name": format!("No{number:05}") })
}
