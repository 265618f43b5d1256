//! The events of the erp functions, which use the data of the trades functions.

use serde_json::{Value, json};

use crate::scenario::{HttpRequest, Scenario, rest_event};
use crate::trades::{Bench, READ};

const CUSTOMERS: &str = "/api/customers";
const CUSTOMER: &str = "/api/customers/{id}";
const CONTACTS: &str = "/api/customers/{id}/contacts";
const CONTACT: &str = "/api/customers/{id}/contacts/{contact_id}";
const CREDIT_CHECK: &str = "/api/customers/{id}/credit-check";

/// Returns the scenario of every erp function. A contact that is changed or removed belongs to a customer without contacts, so
/// it is not found and nothing is written. Each customer's credit is checked once, because there is a limit on a minute.
pub(crate) fn scenarios(bench: &Bench) -> Vec<Scenario> {
    let scenario = |function, expected_status, method, resource, body: fn(u64) -> Option<Value>| {
        let (key, first_to_check) = (bench.secret.clone(), bench.first_to_check);
        let event = move |n: u64| {
            let index = match resource {
                CONTACT => READ + n % READ,
                CREDIT_CHECK => first_to_check + n,
                _ => n % READ,
            };
            let id = format!("cust_{}", index + 1);
            let path = str::replace(resource, "{id}", &id).replace("{contact_id}", "cont_1");
            let body = body(n).map(|body| body.to_string());
            rest_event(&HttpRequest {
                method,
                resource,
                path: &path,
                query: if resource == CUSTOMERS && method == "GET" { &[("limit", "25")] } else { &[] },
                headers: &[("X-API-Key", key.as_str())],
                body: body.as_deref(),
            })
        };
        Scenario { function, expected_status, event: Box::new(event), limits: None }
    };
    let note = |n| Some(json!({ "notes": format!("Erp {n:08}") }));
    let contact = |n| Some(json!({ "name": format!("Ann {n:08}"), "is_primary": true }));
    let customer = |n| Some(json!({"name": format!("Doe{n:06}"), "email": format!("doe{n:06}@example.com")}));
    vec![
        scenario("erp-customer-get", 200, "GET", CUSTOMER, |_| None),
        scenario("erp-customer-list", 200, "GET", CUSTOMERS, |_| None),
        scenario("erp-customer-create", 201, "POST", CUSTOMERS, customer),
        scenario("erp-customer-update", 200, "PUT", CUSTOMER, note),
        scenario("erp-contact-update", 404, "PUT", CONTACT, contact),
        scenario("erp-contact-delete", 404, "DELETE", CONTACT, |_| None),
        scenario("erp-order-list", 200, "GET", "/api/customers/{id}/orders", |_| None),
        scenario("erp-analytics-get", 200, "GET", "/api/customers/{id}/analytics", |_| None),
        scenario("erp-contact-create", 201, "POST", CONTACTS, contact),
        scenario("erp-credit-check", 200, "POST", CREDIT_CHECK, |_| None),
    ]
}
