//! A person in QuickBooks: edits of customers, of names that others have, and of sales.

use clientele_infra_quickbooks::entities::Kind;
use clientele_sync_agent::quickbooks::Object;
use serde_json::{Map, Value, json};

use super::company::Company;
use crate::simulation::rng::Rng;

const GIVEN: [&str; 6] = ["Ann", "Anna", "Bob", "Åsa", "Zoë", "Lee"];
const FAMILY: [&str; 5] = ["Lee", "Leeds", "O'Neil", "Ann", "Bob"];
const COMPANIES: [&str; 4] = ["Blue Pools", "Bluewater", "Leeds & Sons", "9 Lives"];
const EMAILS: [&str; 4] = ["ann@example.com", "bob@example.com", "lee@blue.example", "a.b@example.org"];
const CITIES: [&str; 3] = ["Seattle", "São Paulo", "Leeds"];

/// Makes an edit; returns what was done, or tried.
pub(super) fn edit(company: &Company, rng: &mut Rng) -> String {
    let kind = rng.below(100);
    let (entity, operation, object) = match kind {
        0..22 => ("Customer", "create", new_customer(rng)),
        22..60 => ("Customer", "update", changed_customer(company, rng)),
        60..68 => ("Customer", "deactivate", some(company, Kind::Customer, rng)),
        68..76 => {
            let mut object = some(company, Kind::Customer, rng);
            object["Active"] = true.into();
            ("Customer", "update", object)
        }
        76..84 => {
            let mut object = some(company, Kind::Customer, rng);
            object["deletedId"] = some(company, Kind::Customer, rng)["Id"].clone();
            ("Customer", "merge", object)
        }
        84..87 => {
            let (given, parent) =
                (format!("Job {}", rng.below(1_000)), some(company, Kind::Customer, rng)["Id"].clone());
            (
                "Customer",
                "create",
                json!({ "DisplayName": given, "Job": true, "ParentRef": { "value": parent } }),
            )
        }
        87..89 => {
            let mut object = some(company, Kind::Customer, rng);
            object["ParentRef"] = json!({ "value": some(company, Kind::Customer, rng)["Id"] });
            object["Job"] = true.into();
            ("Customer", "update", object)
        }
        89..91 => {
            let mut object = some_job(company, rng);
            object["ParentRef"] = Value::Null;
            object["Job"] = false.into();
            ("Customer", "update", object)
        }
        91..95 => ("Vendor", "create", json!({ "DisplayName": display_name(rng) })),
        _ => ("Employee", "create", json!({ "DisplayName": display_name(rng), "FamilyName": "Worker" })),
    };
    made(company, entity, operation, object)
}

/// Makes an edit of sales, payments or items; returns what was done, or tried.
pub(super) fn sell(company: &Company, rng: &mut Rng) -> String {
    let sale = [Kind::Invoice, Kind::Payment, Kind::CreditMemo, Kind::SalesReceipt];
    let (entity, operation, object) = match rng.below(100) {
        0..28 => ("Invoice", "create", sale_of(company, rng)),
        28..52 => ("Payment", "create", payment(company, rng)),
        52..58 => ("CreditMemo", "create", sale_of(company, rng)),
        58..64 => ("SalesReceipt", "create", sale_of(company, rng)),
        64..70 => {
            let mut object = some(company, Kind::Invoice, rng);
            object["Line"] = json!([line(company, rng)]);
            ("Invoice", "update", object)
        }
        70..75 => {
            let mut object = some(company, Kind::Invoice, rng);
            object["CustomerRef"] = json!({ "value": some(company, Kind::Customer, rng)["Id"] });
            ("Invoice", "update", object)
        }
        75..90 => {
            let kind = *rng.pick(&sale);
            let operation = if rng.percent(50) { "void" } else { "delete" };
            return made(company, &kind.to_string(), operation, some(company, kind, rng));
        }
        90..94 => {
            let name = format!("Item {}", rng.below(1_000));
            let account = json!({ "value": "1" });
            let item = json!({ "Name": name, "Type": "Service", "UnitPrice": price(rng), "IncomeAccountRef": account });
            ("Item", "create", item)
        }
        _ => {
            let mut object = some(company, Kind::Item, rng);
            if rng.percent(50) {
                object["Name"] = format!("Item {}", rng.below(1_000)).into();
            } else {
                object["UnitPrice"] = price(rng);
            }
            ("Item", "update", object)
        }
    };
    made(company, entity, operation, object)
}

fn made(company: &Company, entity: &str, operation: &str, object: Value) -> String {
    let edited = company.edit(entity, operation, &object);
    let end = edited.map_or_else(|| "refused".to_owned(), |object| format!("id {}", text(&object, "Id")));
    format!("in QuickBooks: {operation} {entity} {object}: {end}")
}

fn text<'a>(object: &'a Object, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Returns a reference to one of the objects of an entity.
fn some(company: &Company, kind: Kind, rng: &mut Rng) -> Value {
    let objects = company.list(kind);
    let id = if objects.is_empty() { "1".to_owned() } else { text(rng.pick(&objects), "Id").to_owned() };
    json!({ "Id": id })
}

/// Returns a reference to one of the jobs.
fn some_job(company: &Company, rng: &mut Rng) -> Value {
    let mut objects = company.list(Kind::Customer);
    objects.retain(|object| object.contains_key("ParentRef"));
    let id = if objects.is_empty() { "4".to_owned() } else { text(rng.pick(&objects), "Id").to_owned() };
    json!({ "Id": id })
}

fn display_name(rng: &mut Rng) -> String {
    match rng.below(5) {
        0 => (*rng.pick(&COMPANIES)).to_owned(),
        1 => format!("Customer {}", rng.below(1_000)),
        _ => format!("{} {}", rng.pick(&GIVEN), rng.pick(&FAMILY)),
    }
}

fn new_customer(rng: &mut Rng) -> Value {
    let mut object = Map::new();
    if rng.percent(70) {
        let (given, family) = (*rng.pick(&GIVEN), *rng.pick(&FAMILY));
        object.insert("GivenName".into(), given.into());
        object.insert("FamilyName".into(), family.into());
    }
    if object.is_empty() || rng.percent(25) {
        object.insert("DisplayName".into(), display_name(rng).into());
    }
    for _ in 0..rng.below(4) {
        let (name, value) = value(rng);
        object.insert(name.into(), value);
    }
    Value::Object(object)
}

fn changed_customer(company: &Company, rng: &mut Rng) -> Value {
    let mut object = some(company, Kind::Customer, rng);
    for _ in 0..=rng.below(3) {
        let (name, value) = match rng.below(12) {
            0 => ("DisplayName", display_name(rng).into()),
            1 => ("GivenName", (*rng.pick(&GIVEN)).into()),
            2 => ("FamilyName", (*rng.pick(&FAMILY)).into()),
            _ => value(rng),
        };
        object[name] = value;
    }
    object
}

/// Returns a field of a customer with a value. An empty text clears it.
fn value(rng: &mut Rng) -> (&'static str, Value) {
    let is_cleared = rng.percent(20);
    let or_nothing = |text: String| if is_cleared { String::new() } else { text };
    let phone = format!("206-555-{:04}", rng.below(10_000));
    match rng.below(8) {
        0 => ("CompanyName", or_nothing((*rng.pick(&COMPANIES)).to_owned()).into()),
        1 => ("PrimaryEmailAddr", json!({ "Address": or_nothing((*rng.pick(&EMAILS)).to_owned()) })),
        2 => ("PrimaryPhone", json!({ "FreeFormNumber": or_nothing(phone) })),
        3 => ("Mobile", json!({ "FreeFormNumber": or_nothing(phone) })),
        4 => ("WebAddr", json!({ "URI": or_nothing(format!("https://theirs{}.example", rng.below(1_000))) })),
        5 => ("Notes", or_nothing(format!("theirs {}", rng.below(100_000))).into()),
        kind => {
            let name = if kind == 6 { "BillAddr" } else { "ShipAddr" };
            let (line, city) = (format!("{} Main St", rng.below(1_000)), *rng.pick(&CITIES));
            (name, json!({ "Line1": line, "City": city, "CountrySubDivisionCode": "WA", "Country": "US" }))
        }
    }
}

fn price(rng: &mut Rng) -> Value {
    json!((1 + rng.below(40)) * 5)
}

fn line(company: &Company, rng: &mut Rng) -> Value {
    let (quantity, price) = (1 + rng.below(4), 5 * (1 + rng.below(20)));
    let item = json!({ "value": some(company, Kind::Item, rng)["Id"] });
    let detail = json!({ "ItemRef": item, "Qty": quantity, "UnitPrice": price });
    json!({ "Amount": quantity * price, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail })
}

fn sale_of(company: &Company, rng: &mut Rng) -> Value {
    let lines: Vec<Value> = (0..=rng.below(2)).map(|_| line(company, rng)).collect();
    json!({ "CustomerRef": { "value": some(company, Kind::Customer, rng)["Id"] }, "Line": lines })
}

/// Returns a payment of a whole invoice, of a part of it, or of nothing yet.
fn payment(company: &Company, rng: &mut Rng) -> Value {
    let is_open = |invoice: &Object| invoice["Balance"].as_f64().is_some_and(|balance| balance > 0.0);
    let open: Vec<Object> = company.list(Kind::Invoice).into_iter().filter(is_open).collect();
    if open.is_empty() || rng.percent(20) {
        let customer = json!({ "value": some(company, Kind::Customer, rng)["Id"] });
        return json!({ "CustomerRef": customer, "TotalAmt": price(rng) });
    }
    let invoice = rng.pick(&open);
    let amount = if rng.percent(50) { invoice["Balance"].clone() } else { json!(1 + rng.below(5)) };
    let linked = json!([{ "TxnId": invoice["Id"], "TxnType": "Invoice" }]);
    json!({
        "CustomerRef": { "value": invoice["CustomerRef"]["value"] }, "TotalAmt": amount,
        "Line": [{ "Amount": amount, "LinkedTxn": linked }],
    })
}
