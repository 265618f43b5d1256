//! Writes on the wire: how each dialect sends a create or a change, and how its response ends it.

use http::Method;
use serde_json::{Value, json};

use clientele_shared::model::{CustomerNumber, Tenant};

use super::explain::{Action, Ended};
use super::model::Violation;
use super::patch::Patch;
use super::world::{Answer, Call};

const CUSTOMERS: &str = "/api/v1/customers";
const CREATE: &str = "mutation($i: CreateCustomerInput!) { createCustomer(input: $i) { id } }";
const UPDATE: &str =
    "mutation($id: ID!, $i: UpdateCustomerInput!) { updateCustomer(id: $id, input: $i) { id } }";
const BULK: &str = "mutation($i: BulkUpdateCustomersInput!) { bulkUpdateCustomers(input: $i) \
                    { success updatedCount errors { id message } } }";

/// The conditions of a write.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    pub(crate) key: Option<String>,
    pub(crate) if_match: Option<u64>,
}

impl Conditions {
    fn headers(&self) -> Vec<(&'static str, String)> {
        let key = self.key.iter().map(|key| ("idempotency-key", key.clone()));
        let version = self.if_match.iter().map(|version| ("if-match", format!("\"{version}\"")));
        key.chain(version).collect()
    }
}

/// A create through either dialect.
pub(crate) fn create(patch: &Patch, conditions: &Conditions, is_pool: bool) -> Call {
    if is_pool {
        return graphql(CREATE, json!({ "i": patch.to_pool() }), conditions);
    }
    let (path, headers) = (CUSTOMERS.into(), conditions.headers());
    Call { method: Method::POST, path, headers, body: patch.to_trades() }
}

/// A change through either dialect. Pool has updates alone.
pub(crate) fn change(
    tenant: &Tenant,
    number: CustomerNumber,
    action: &Action,
    conditions: &Conditions,
    is_pool: bool,
) -> Call {
    let path = format!("{CUSTOMERS}/{}", tenant.customer_uuid(number));
    let (method, path, body) = match action {
        Action::Update(patch) if is_pool => {
            let variables = json!({ "id": number.to_customer_id(), "i": patch.to_pool() });
            return graphql(UPDATE, variables, conditions);
        }
        Action::Update(patch) => (Method::PUT, path, patch.to_trades()),
        Action::Delete => (Method::DELETE, path, Value::Null),
        Action::Restore => (Method::POST, format!("{path}/restore"), Value::Null),
    };
    Call { method, path, headers: conditions.headers(), body }
}

/// An update of many customers.
pub(crate) fn bulk(numbers: &[CustomerNumber], patch: &Patch) -> Call {
    let ids: Vec<String> = numbers.iter().map(|number| number.to_customer_id()).collect();
    graphql(BULK, json!({ "i": { "ids": ids, "update": patch.to_pool() } }), &Conditions::default())
}

fn graphql(query: &str, variables: Value, conditions: &Conditions) -> Call {
    let body = json!({ "query": query, "variables": variables });
    Call { method: Method::POST, path: "/graphql".into(), headers: conditions.headers(), body }
}

/// Classifies a response to a write of one customer.
pub(crate) fn ended(answer: &Answer) -> Result<Ended, Violation> {
    let code = answer.body["errors"][0]["extensions"]["code"].as_str();
    match (answer.status, code) {
        (200 | 201, None) => Ok(Ended::Done(answer.version)),
        (200, Some("NOT_FOUND")) | (404, _) => Ok(Ended::Refused(404)),
        (200, Some("CONFLICT")) | (409, _) => Ok(Ended::Refused(409)),
        (412, _) => Ok(Ended::Refused(412)),
        // A customer from QuickBooks may have no names but those that the write clears. No other customer can.
        (200, Some("BAD_USER_INPUT"))
            if answer.text.contains("must leave the customer with at least one") =>
        {
            Ok(Ended::Refused(422))
        }
        (200, Some("RATE_LIMITED")) | (429, _) => Ok(Ended::Throttled),
        (200, Some("INTERNAL_SERVER_ERROR")) | (502..=504, _) => Ok(Ended::Unknown),
        _ => Err(format!("a valid write was answered with {answer:?}")),
    }
}

/// Returns the uuid of the customer that the response to a create names.
pub(crate) fn created(answer: &Answer, tenant: &Tenant) -> Option<String> {
    let id = answer.body.pointer("/data/createCustomer/id").and_then(Value::as_str);
    let number = id.and_then(CustomerNumber::from_customer_id);
    let uuid = answer.body.pointer("/data/uuid").and_then(Value::as_str);
    number.map(|number| tenant.customer_uuid(number).to_string()).or_else(|| uuid.map(str::to_owned))
}
