//! Operations on one customer, and the import.

use http::Method;
use serde_json::{Value, json};

use clientele_functions_common::caller::FRESH_SECONDS;
use clientele_shared::model::{Customer, Settings};
use clientele_shared::store::{ImportedRow, RowKey, Store};

use super::cost_budget::{self, NONE};
use super::cost_report::CostReport;
use super::customers::{size_and_entries, typical};
use crate::support::Stack;

const CUSTOMERS: &str = "/api/v1/customers";

/// Measures every operation on one customer, first without metering, then with it.
pub(crate) async fn measure(stack: &Stack, report: &mut CostReport) {
    set_metering(stack, false).await;
    let example = create_example(stack).await;
    let (bytes, entries) = size_and_entries(stack, &stack.tenant(), &example).await;
    report.heading(format!("One customer: an item of {bytes} bytes, {entries} search entries"));
    reads(stack, report, &example).await;
    creates(stack, report, entries).await;
    changes(stack, report, &example).await;
    import(stack, report, &example).await;

    set_metering(stack, true).await;
    report.heading("The same with metering: one more write unit, which no client waits for");
    metered(stack, report, entries).await;
    set_metering(stack, false).await;

    report.heading("The same with unique emails");
    unique_emails(stack, report).await;
    set_metering(stack, false).await;
}

/// Turns metering on or off. Afterwards the functions have the caller's key in their cache.
async fn set_metering(stack: &Stack, on: bool) {
    stack.settings(Settings { usage_metering: on, ..Settings::default() }).await;
    stack.acme.get(&format!("{CUSTOMERS}/x")).await.expect(404);
}

async fn create_example(stack: &Stack) -> Customer {
    let uuid = stack.acme.create(&typical()).await;
    stack.store.customer_get(&stack.tenant(), uuid.parse().unwrap(), false).await.unwrap()
}

async fn reads(stack: &Stack, report: &mut CostReport, customer: &Customer) {
    let path = format!("{CUSTOMERS}/{}", customer.uuid);
    let (response, _) = report.measure("get", cost_budget::GET, stack.acme.get(&path)).await;
    response.expect(200);
    // Each running function pays this once per FRESH_SECONDS. The other figures exclude it.
    stack.clock.advance_seconds(FRESH_SECONDS);
    let (response, _) = report.measure("get, with the API key read again", NONE, stack.acme.get(&path)).await;
    response.expect(200);
}

async fn creates(stack: &Stack, report: &mut CostReport, entries: usize) {
    let body = typical();
    let (response, _) =
        report.measure("create", cost_budget::create(entries), stack.acme.post(CUSTOMERS, &body)).await;
    response.expect(201);
    let key = [("idempotency-key", "5f0c6d1e-8a43-4a34-9f0f-0d6f3d1c2b7a")];
    let send = || stack.acme.send(Method::POST, CUSTOMERS, &key, typical().to_string());
    let (response, _) =
        report.measure("create with Idempotency-Key", cost_budget::create(entries), send()).await;
    response.expect(201);
    let (response, _) = report
        .measure("create replayed with the same Idempotency-Key", cost_budget::create(entries), send())
        .await;
    assert_eq!(response.header("idempotent-replayed"), "true");
}

async fn changes(stack: &Stack, report: &mut CostReport, customer: &Customer) {
    let path = format!("{CUSTOMERS}/{}", customer.uuid);
    let put = async |report: &mut CostReport, name: &str, budget, body: Value| {
        report.measure(name, budget, stack.acme.put(&path, &body)).await.0.expect(200);
    };
    put(report, "update of the notes", cost_budget::UPDATE, json!({"notes": "Every other week since 2024."}))
        .await;
    put(
        report,
        "update of type and vip",
        cost_budget::MOVE_VIP,
        json!({"customer_type": "Commercial", "is_vip": true}),
    )
    .await;
    put(report, "update of the last name", NONE, json!({"last_name": "Adeyemi"})).await;
    let (response, _) = report.measure("delete", cost_budget::MOVE, stack.acme.delete(&path)).await;
    response.expect(200);
    let restore = format!("{path}/restore");
    let (response, _) =
        report.measure("restore", cost_budget::MOVE, stack.acme.post(&restore, &Value::Null)).await;
    response.expect(200);
}

/// Measures one commit of an import, done as the import of a file does it.
async fn import(stack: &Stack, report: &mut CostReport, customer: &Customer) {
    let (store, tenant) = (report.recorded_store(stack), stack.tenant());
    let rows = u32::try_from(Store::IMPORT_ROWS).unwrap();
    let row_keys: Vec<RowKey> = (0..rows).map(|row| RowKey::new("file", &row.to_string())).collect();
    let work = async {
        assert!(store.imported_rows_get(&tenant, &row_keys).await.unwrap().is_empty());
        let numbers = store.customer_numbers_allocate(&tenant, rows).await.unwrap();
        let row = |(at, row_key): (u32, &RowKey)| ImportedRow {
            key: row_key.clone(),
            number: (numbers.first.get() + at).try_into().unwrap(),
            at: numbers.at,
            fields: customer.fields.clone(),
        };
        let all = (0..rows).zip(&row_keys).map(row).collect();
        assert!(store.customers_import(&tenant, all).await.unwrap());
    };
    report
        .measure_per_customer(&format!("import of {rows} customers, units per customer"), NONE, rows, work)
        .await;
}

async fn metered(stack: &Stack, report: &mut CostReport, entries: usize) {
    let (customer, notes) = (typical(), json!({"notes": "Pays by cheque."}));
    let create = stack.acme.post(CUSTOMERS, &customer);
    let (response, _) =
        report.measure("create, metered", cost_budget::create(entries).metered(), create).await;
    let path = format!("{CUSTOMERS}/{}", response.expect(201)["data"]["uuid"].as_str().unwrap());
    let (response, _) =
        report.measure("get, metered", cost_budget::GET.metered(), stack.acme.get(&path)).await;
    response.expect(200);
    let update = stack.acme.put(&path, &notes);
    let (response, _) =
        report.measure("update of the notes, metered", cost_budget::UPDATE.metered(), update).await;
    response.expect(200);
    let delete = stack.acme.delete(&path);
    let (response, _) = report.measure("delete, metered", cost_budget::MOVE.metered(), delete).await;
    response.expect(200);
}

/// Measures writes with an unused email, and with one whose former owner has to be read.
async fn unique_emails(stack: &Stack, report: &mut CostReport) {
    let settings = Settings { unique_email: true, usage_metering: false, ..Settings::default() };
    stack.settings(settings).await;
    stack.acme.get(&format!("{CUSTOMERS}/x")).await.expect(404);
    let with_email = |email: &str| {
        let mut customer = typical();
        customer["email"] = json!(email);
        customer
    };
    let (first, second) = (with_email("margaret@example.com"), with_email("okafor@example.com"));
    let work = stack.acme.post(CUSTOMERS, &first);
    let (response, _) = report.measure("create, unique emails", NONE, work).await;
    let path = format!("{CUSTOMERS}/{}", response.expect(201)["data"]["uuid"].as_str().unwrap());
    for (name, budget, change) in [
        ("update of the notes, unique emails", cost_budget::UPDATE, json!({"notes": "Pays by cheque."})),
        ("update of the email, unique emails", NONE, json!({"email": second["email"]})),
    ] {
        report.measure(name, budget, stack.acme.put(&path, &change)).await.0.expect(200);
    }
    let work = stack.acme.post(CUSTOMERS, &first);
    report.measure("create with an email since given up", NONE, work).await.0.expect(201);
    let work = stack.acme.post(CUSTOMERS, &second);
    report.measure("create with an email in use", NONE, work).await.0.expect(409);
}
