//! What is done to one customer, and the import.

use http::Method;
use serde_json::{Value, json};

use clientele_functions_common::caller::KEY_SECONDS;
use clientele_shared::model::{Customer, Settings};
use clientele_shared::store::{ImportedRow, RowMark, Store};

use super::customers::{size_and_terms, typical};
use super::promise::{self, NONE};
use super::sheet::Sheet;
use crate::support::Stack;

const CUSTOMERS: &str = "/api/v1/customers";

/// Measures every operation on one customer, without metering and then with it.
pub(crate) async fn measure(stack: &Stack, sheet: &mut Sheet) {
    metering(stack, false).await;
    let example = create_example(stack).await;
    let (bytes, terms) = size_and_terms(stack, &stack.tenant(), &example).await;
    sheet.text(format!("One customer: an item of {bytes} bytes, {terms} search terms"));
    reads(stack, sheet, &example).await;
    creates(stack, sheet, terms).await;
    changes(stack, sheet, &example).await;
    import(stack, sheet, &example).await;

    metering(stack, true).await;
    sheet.text("The same while requests are counted: one write unit more, and nobody waits for it");
    metered(stack, sheet, terms).await;
    metering(stack, false).await;

    sheet.text("The same where no two customers may share an email");
    unique(stack, sheet).await;
    metering(stack, false).await;
}

/// Sets whether requests are counted; afterwards the functions know the caller's key.
async fn metering(stack: &Stack, on: bool) {
    stack.settings(Settings { usage_metering: on, ..Settings::default() }).await;
    stack.acme.get(&format!("{CUSTOMERS}/x")).await.expect(404);
}

async fn create_example(stack: &Stack) -> Customer {
    let uuid = stack.acme.create(&typical()).await;
    stack.store.customer_get(&stack.tenant(), uuid.parse().unwrap(), false).await.unwrap()
}

async fn reads(stack: &Stack, sheet: &mut Sheet, customer: &Customer) {
    let path = format!("{CUSTOMERS}/{}", customer.uuid);
    let (answer, _) = sheet.measure("get", promise::GET, stack.acme.get(&path)).await;
    answer.expect(200);
    // Every operation pays this once in KEY_SECONDS on each running function; the rest of the ledger does not.
    stack.clock.pass_seconds(KEY_SECONDS);
    let (answer, _) = sheet.measure("get, the API key read anew", NONE, stack.acme.get(&path)).await;
    answer.expect(200);
}

async fn creates(stack: &Stack, sheet: &mut Sheet, terms: usize) {
    let body = typical();
    let (answer, _) =
        sheet.measure("create", promise::create(terms), stack.acme.post(CUSTOMERS, &body)).await;
    answer.expect(201);
    let key = [("idempotency-key", "5f0c6d1e-8a43-4a34-9f0f-0d6f3d1c2b7a")];
    let send = || stack.acme.send(Method::POST, CUSTOMERS, &key, typical().to_string());
    let (answer, _) = sheet.measure("create with Idempotency-Key", promise::create(terms), send()).await;
    answer.expect(201);
    let (answer, _) = sheet.measure("the same again", promise::create(terms), send()).await;
    assert_eq!(answer.header("idempotent-replayed"), "true");
}

async fn changes(stack: &Stack, sheet: &mut Sheet, customer: &Customer) {
    let path = format!("{CUSTOMERS}/{}", customer.uuid);
    let put = async |sheet: &mut Sheet, name: &str, promise, body: Value| {
        sheet.measure(name, promise, stack.acme.put(&path, &body)).await.0.expect(200);
    };
    put(sheet, "update of the notes", promise::UPDATE, json!({"notes": "Every other week since 2024."}))
        .await;
    put(
        sheet,
        "update of type and vip",
        promise::UPDATE,
        json!({"customer_type": "Commercial", "is_vip": true}),
    )
    .await;
    put(sheet, "update of the last name", NONE, json!({"last_name": "Adeyemi"})).await;
    let (answer, _) = sheet.measure("delete", promise::UPDATE, stack.acme.delete(&path)).await;
    answer.expect(200);
    let restore = format!("{path}/restore");
    let (answer, _) =
        sheet.measure("restore", promise::UPDATE, stack.acme.post(&restore, &Value::Null)).await;
    answer.expect(200);
}

/// One commit of an import, as the import of a file makes it.
async fn import(stack: &Stack, sheet: &mut Sheet, customer: &Customer) {
    let (store, tenant) = (sheet.watched(stack), stack.tenant());
    let rows = u32::try_from(Store::IMPORT_ROWS).unwrap();
    let marks: Vec<RowMark> = (0..rows).map(|row| RowMark::new("file", &row.to_string())).collect();
    let work = async {
        assert!(store.imported_before(&tenant, &marks).await.unwrap().is_empty());
        let first = store.customer_numbers_take(&tenant, rows).await.unwrap();
        let row = |(at, mark): (u32, &RowMark)| ImportedRow {
            mark: mark.clone(),
            number: (first.get() + at).try_into().unwrap(),
            fields: customer.fields.clone(),
        };
        let all = (0..rows).zip(&marks).map(row).collect();
        assert!(store.customers_import(&tenant, all).await.unwrap());
    };
    sheet.measure_shared(&format!("import of {rows} customers, units for each"), NONE, rows, work).await;
}

async fn metered(stack: &Stack, sheet: &mut Sheet, terms: usize) {
    let (customer, notes) = (typical(), json!({"notes": "Pays by cheque."}));
    let create = stack.acme.post(CUSTOMERS, &customer);
    let (answer, _) = sheet.measure("create, counted", promise::create(terms).metered(), create).await;
    let path = format!("{CUSTOMERS}/{}", answer.expect(201)["data"]["uuid"].as_str().unwrap());
    let (answer, _) = sheet.measure("get, counted", promise::GET.metered(), stack.acme.get(&path)).await;
    answer.expect(200);
    let update = stack.acme.put(&path, &notes);
    let (answer, _) = sheet.measure("update of the notes, counted", promise::UPDATE.metered(), update).await;
    answer.expect(200);
    let delete = stack.acme.delete(&path);
    let (answer, _) = sheet.measure("delete, counted", promise::UPDATE.metered(), delete).await;
    answer.expect(200);
}

/// Writes with an email that nobody has, and with one that somebody gave up, who has to be looked at.
async fn unique(stack: &Stack, sheet: &mut Sheet) {
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
    let (answer, _) = sheet.measure("create, unique emails", NONE, work).await;
    let path = format!("{CUSTOMERS}/{}", answer.expect(201)["data"]["uuid"].as_str().unwrap());
    for (name, promise, change) in [
        ("update of the notes, unique emails", promise::UPDATE, json!({"notes": "Pays by cheque."})),
        ("update of the email, unique emails", NONE, json!({"email": second["email"]})),
    ] {
        sheet.measure(name, promise, stack.acme.put(&path, &change)).await.0.expect(200);
    }
    let work = stack.acme.post(CUSTOMERS, &first);
    sheet.measure("create with an email that was given up", NONE, work).await.0.expect(201);
    let work = stack.acme.post(CUSTOMERS, &second);
    sheet.measure("create with an email that somebody has", NONE, work).await.0.expect(409);
}
