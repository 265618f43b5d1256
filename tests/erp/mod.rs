//! The erp dialect: one file per function, and what the dialect says of customers that others wrote.

mod analytics_get;
mod contact_create;
mod contact_delete;
mod contact_update;
mod credit_check;
mod credit_provider;
mod customer_create;
mod customer_get;
mod customer_list;
mod customer_update;
mod dialects;
mod faults;
mod order_list;
mod samples;

use serde_json::{Value, json};

use crate::support::{Caller, Response};

/// Returns the body of the specification's example of a create.
fn new_customer_corp() -> Value {
    json!({
        "name": "New Customer Corp",
        "email": "orders@newcustomer.com",
        "phone": "+1-555-0999",
        "website": "https://newcustomer.com",
        "tax_id": "12-9876543",
        "billing_address": {
            "line1": "123 New Customer St",
            "city": "Business City",
            "state": "CA",
            "postal_code": "90210",
            "country": "US"
        },
        "shipping_address": {
            "line1": "456 Warehouse Ave",
            "city": "Distribution City",
            "state": "CA",
            "postal_code": "90211",
            "country": "US"
        },
        "contacts": [
            {
                "name": "Bob Wilson",
                "title": "Operations Manager",
                "email": "bob.wilson@newcustomer.com",
                "phone": "+1-555-1000",
                "is_primary": true
            }
        ],
        "payment_terms": "net_30",
        "currency": "USD",
        "credit_limit": 5000.00,
        "discount_rate": 2.5,
        "preferred_shipping": "FEDEX_GROUND"
    })
}

/// Creates a customer with this name and returns its path.
async fn create(caller: &Caller, name: &str) -> String {
    let created = caller.post("/api/customers", &json!({ "name": name })).await.expect(201);
    format!("/api/customers/{}", created["data"]["id"].as_str().unwrap())
}

/// Adds a contact to the customer at this path and returns the contact's id.
async fn add_contact(caller: &Caller, customer: &str, contact: &Value) -> String {
    let added = caller.post(&format!("{customer}/contacts"), contact).await.expect(201);
    added["data"]["id"].as_str().unwrap().to_owned()
}

/// Returns the names of the contacts of the customer at this path, the primary one with a star.
async fn contacts(caller: &Caller, customer: &str) -> Vec<String> {
    let found = caller.get(customer).await.expect(200);
    let contacts = found["data"]["contacts"].as_array().unwrap().iter();
    contacts
        .map(|contact| {
            let star = if contact["is_primary"] == true { "*" } else { "" };
            format!("{}{star}", contact["name"].as_str().unwrap())
        })
        .collect()
}

/// Asserts the status of an error and returns its code and message.
#[track_caller]
fn error_of(response: &Response, status: u16) -> (String, String) {
    let error = response.expect(status)["error"].clone();
    assert_eq!(error["request_id"], response.header("x-request-id"));
    let text = |name: &str| error[name].as_str().unwrap().to_owned();
    (text("code"), text("message"))
}

/// Asserts status 422 and returns the names of the wrong fields.
#[track_caller]
fn wrong_fields(response: &Response) -> Vec<String> {
    let error = response.expect(422)["error"].clone();
    assert_eq!(error["code"], "validation_error");
    let details = error["details"].as_array().cloned().unwrap_or_default();
    details.iter().map(|detail| detail["field"].as_str().unwrap().to_owned()).collect()
}
