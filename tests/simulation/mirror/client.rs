//! Clients of the four dialects, which set the fields that QuickBooks has too, each to a value of its own.

use clientele_shared::model::CustomerNumber;
use http::Method;
use serde_json::{Map, Value, json};

use super::agent::Mirrored;
use crate::simulation::model::Violation;
use crate::simulation::rng::Rng;
use crate::simulation::world::{Answer, Call, PROCESSES, World};

const NAMES: [&str; 6] = ["Ann", "Anna", "Bob", "Åsa", "Zoë", "Lee"];
const COMPANIES: [&str; 4] = ["Blue Pools", "Bluewater", "Leeds & Sons", "9 Lives"];
const EMAILS: [&str; 4] = ["ann@example.com", "bob@example.com", "lee@blue.example", "a.b@example.org"];

/// A request, and the process that answers it.
#[derive(Debug)]
pub(super) struct Planned {
    call: Call,
    process: usize,
}

/// Draws a request that changes a customer, or sometimes creates one.
pub(super) fn draw(mirrored: &Mirrored, rng: &mut Rng) -> Planned {
    let account = &mirrored.world.accounts[0];
    let numbers: Vec<CustomerNumber> = account.model.customers.keys().copied().collect();
    let (number, process) = (rng.below(numbers.len().max(1)), rng.below(PROCESSES));
    let call = match numbers.get(number).filter(|_| rng.percent(85)) {
        None => create(rng),
        Some(number) => {
            let uuid = account.tenant.customer_uuid(*number);
            change(*number, &format!("/api/v1/customers/{uuid}"), rng)
        }
    };
    Planned { call, process }
}

/// Sends a request. Whether it took effect is seen in the table.
pub(super) async fn send(world: &World, planned: &Planned) -> Result<(), Violation> {
    let Answer { status, text, .. } =
        world.send(planned.process, &world.accounts[0].secrets[0], &planned.call).await;
    match status {
        200 | 201 | 204 | 404 | 409 | 412 | 429 | 502..=504 => Ok(()),
        _ => Err(format!("{:?} is answered with {status}: {text}", planned.call)),
    }
}

fn create(rng: &mut Rng) -> Call {
    let (first, last) = (*rng.pick(&NAMES), *rng.pick(&NAMES));
    match rng.below(4) {
        0 => {
            let body =
                json!({ "first_name": first, "last_name": last, "phone": phone(rng), "notes": notes(rng) });
            rest(Method::POST, "/api/v1/customers", body)
        }
        1 => {
            let input = json!({ "firstName": first, "lastName": last, "mobilePhone": phone(rng) });
            let query = "mutation($i: CreateCustomerInput!) { createCustomer(input: $i) { id } }";
            rest(Method::POST, "/graphql", json!({ "query": query, "variables": { "i": input } }))
        }
        2 => {
            let name =
                if rng.percent(50) { format!("{first} {last}") } else { (*rng.pick(&COMPANIES)).to_owned() };
            rest(Method::POST, "/api/customers", json!({ "name": name, "website": website(rng) }))
        }
        _ => {
            let node = json!({
                "email": rng.pick(&EMAILS), "phone": phone(rng), "first_name": first, "last_name": last,
                "accepts_marketing": false, "tags": [], "notes": notes(rng),
            });
            let query = "mutation($n: InputCustomer!) { createCustomer(node: $n) { _id } }";
            rest(Method::POST, "/api/v2", json!({ "query": query, "variables": { "n": node } }))
        }
    }
}

fn change(number: CustomerNumber, path: &str, rng: &mut Rng) -> Call {
    match rng.below(10) {
        0..3 => rest(Method::PUT, path, fields(rng, trades)),
        3..5 => {
            let query =
                "mutation($d: ID!, $i: UpdateCustomerInput!) { updateCustomer(id: $d, input: $i) { id } }";
            let variables = json!({ "d": number.to_customer_id(), "i": fields(rng, pool) });
            rest(Method::POST, "/graphql", json!({ "query": query, "variables": variables }))
        }
        5..7 => rest(Method::PUT, &format!("/api/customers/{}", number.to_customer_id()), fields(rng, erp)),
        7..9 => {
            let query =
                "mutation($d: ID!, $n: InputUpdateCustomer!) { updateCustomer(id: $d, node: $n) { _id } }";
            let variables = json!({ "d": number.get().to_string(), "n": fields(rng, funnels) });
            rest(Method::POST, "/api/v2", json!({ "query": query, "variables": variables }))
        }
        _ if rng.percent(50) => rest(Method::DELETE, path, Value::Null),
        _ => rest(Method::POST, &format!("{path}/restore"), Value::Null),
    }
}

fn rest(method: Method, path: &str, body: Value) -> Call {
    Call { method, path: path.to_owned(), headers: Vec::new(), body }
}

fn fields(rng: &mut Rng, field: impl Fn(&mut Rng) -> (&'static str, Value)) -> Value {
    let mut fields = Map::new();
    for _ in 0..=rng.below(3) {
        let (name, value) = field(rng);
        fields.insert(name.to_owned(), value);
    }
    Value::Object(fields)
}

fn trades(rng: &mut Rng) -> (&'static str, Value) {
    match rng.below(7) {
        0 => ("phone", phone(rng)),
        1 => ("notes", or_null(rng, notes)),
        2 => ("company_name", or_null(rng, |rng| (*rng.pick(&COMPANIES)).into())),
        3 => ("billing_address1", or_null(rng, street)),
        4 => ("physical_address1", or_null(rng, street)),
        5 => ("physical_city", or_null(rng, |rng| format!("City {}", rng.below(1_000)).into())),
        _ => ("last_name", (*rng.pick(&NAMES)).into()),
    }
}

fn pool(rng: &mut Rng) -> (&'static str, Value) {
    match rng.below(5) {
        0 => ("phone", or_null(rng, phone)),
        1 => ("mobilePhone", or_null(rng, phone)),
        2 => ("email", or_null(rng, |rng| (*rng.pick(&EMAILS)).into())),
        3 => ("street", or_null(rng, street)),
        _ => ("status", (*rng.pick(&["ACTIVE", "INACTIVE", "LEAD"])).into()),
    }
}

fn erp(rng: &mut Rng) -> (&'static str, Value) {
    match rng.below(5) {
        0 => ("website", or_null(rng, website)),
        1 => ("phone", or_null(rng, phone)),
        2 => ("notes", or_null(rng, notes)),
        3 => ("name", format!("{} {}", rng.pick(&NAMES), rng.pick(&NAMES)).into()),
        _ => ("is_active", rng.percent(60).into()),
    }
}

fn funnels(rng: &mut Rng) -> (&'static str, Value) {
    match rng.below(6) {
        0 => ("phone", or_null(rng, phone)),
        1 => ("notes", or_null(rng, notes)),
        2 => ("first_name", or_null(rng, |rng| (*rng.pick(&NAMES)).into())),
        3 => ("last_name", or_null(rng, |rng| (*rng.pick(&NAMES)).into())),
        4 => (
            "billing_address",
            json!({ "line1": street(rng), "country": rng.pick(&["US", "USA", "Canada"]) }),
        ),
        _ => {
            ("shipping_address", json!({ "line2": street(rng), "zip": format!("{:05}", rng.below(100_000)) }))
        }
    }
}

fn or_null(rng: &mut Rng, value: impl Fn(&mut Rng) -> Value) -> Value {
    if rng.percent(20) { Value::Null } else { value(rng) }
}

fn phone(rng: &mut Rng) -> Value {
    format!("425-555-{:04}", rng.below(10_000)).into()
}

fn notes(rng: &mut Rng) -> Value {
    format!("ours {}", rng.below(100_000)).into()
}

fn website(rng: &mut Rng) -> Value {
    format!("https://ours{}.example", rng.below(1_000)).into()
}

fn street(rng: &mut Rng) -> Value {
    format!("{} Oak St", rng.below(1_000)).into()
}
