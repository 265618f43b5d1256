//! `pool-customer-export`: GET /customers/export/csv.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use http_body_util::BodyExt as _;
use serde_json::json;

use clientele_shared::model::{CustomerFields, Mode, Settings, Status};
use clientele_shared::store::{ImportedRow, RowKey, Store, Write};
use clientele_shared::table::keys::{self, Slot};

use super::walks::{COUNT, customers};
use super::{create, create_tag, error_of, execute};
use crate::support::{Caller, FaultAction, Faults, Stack};

const EXPORT: &str = "/customers/export/csv";
const HEADER: &str = "id,firstName,lastName,companyName,email,phone,mobilePhone,street,city,state,zipCode,status,tags,\
                      notes,quickbooksId,createdAt,updatedAt\r\n";

/// Returns the ids in an export, in file order.
async fn ids(caller: &Caller, query: &str) -> Vec<String> {
    let response = caller.get(&format!("{EXPORT}{query}")).await;
    let rows = response.expect_text(200).strip_prefix(HEADER).unwrap();
    rows.lines().map(|row| row.split(',').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn export_matches_the_specification() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    for name in ["Weekly", "Salt & water"] {
        create_tag(acme, name).await;
    }
    create(
        acme,
        json!({"firstName": "Luís", "companyName": "Embraer, \"S.A.\"", "phone": "+55 (12) 3923-5555",
        "city": "São Paulo", "tagIds": ["tag_002", "tag_001"], "notes": "=1+1\nand\r\nmore"}),
    )
    .await;
    create(acme, json!({"lastName": "O'Brien", "status": "LEAD", "quickbooksId": "QB-12345"})).await;
    let response = acme.get(EXPORT).await;
    let times = "2026-01-15T10:30:00Z,2026-01-15T10:30:00Z\r\n";
    let timestamp = response.body.lines().nth(1).unwrap().rsplit(',').next().unwrap().to_owned();
    let expected = format!(
        "{HEADER}cust_2,,O'Brien,,,,,,,,,LEAD,,,QB-12345,{times}\
         cust_1,Luís,,\"Embraer, \"\"S.A.\"\"\",,'+55 (12) 3923-5555,,,São Paulo,,,ACTIVE,Salt & water;Weekly,\
         \"'=1+1\nand\r\nmore\",,{times}"
    )
    .replace("2026-01-15T10:30:00Z", &timestamp);
    assert_eq!(response.expect_text(200), expected);
    assert_eq!(response.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(response.header("content-disposition"), "attachment; filename=\"customers.csv\"");
    assert!(!response.header("x-request-id").is_empty());

    stack.settings(Settings { csv_formula_guard: false, ..Settings::default() }).await;
    // The first request after the change loads the new settings.
    acme.get(EXPORT).await.expect_text(200);
    let bare = expected.replace(",'+55", ",+55").replace("\"'=1", "\"=1");
    assert_eq!(acme.get(EXPORT).await.expect_text(200), bare);
}

#[tokio::test]
async fn export_is_filtered_by_status_and_search() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    assert_eq!(ids(acme, "").await, Vec::<String>::new());
    for (name, status) in [("Ann", "ACTIVE"), ("Bob", "LEAD"), ("Cid", "INACTIVE"), ("Annabel", "LEAD")] {
        create(acme, json!({"firstName": name, "status": status})).await;
    }
    let deleted = create(acme, json!({"firstName": "Ann"})).await;
    let deleted = stack.tenant().customer_uuid(deleted[5..].parse::<u32>().unwrap().try_into().unwrap());
    stack.store.customer_delete(&stack.tenant(), deleted, Write::plain()).await.unwrap();
    for (query, expected) in [
        ("", &["cust_4", "cust_3", "cust_2", "cust_1"][..]),
        ("?status=LEAD", &["cust_4", "cust_2"]),
        ("?status=lead&search=", &["cust_4", "cust_2"]),
        ("?search=ann", &["cust_4", "cust_1"]),
        ("?search=ann&status=ACTIVE&unknown=1", &["cust_1"]),
        ("?search=unknown", &[]),
    ] {
        assert_eq!(ids(acme, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn forbidden_and_invalid_export_requests_get_json_errors() {
    let stack = Stack::start().await;
    let response = stack.acme.get(&format!("{EXPORT}?status=PAUSED")).await;
    assert_eq!(response.status, 400);
    let (code, message) = error_of(&response);
    assert_eq!(code, "BAD_USER_INPUT");
    assert!(message.contains("status") && message.contains("ACTIVE, INACTIVE or LEAD"), "{message}");
    let reader = stack.caller("acme", Mode::Live, "read,write").await;
    let response = reader.get(EXPORT).await;
    assert_eq!((response.status.as_u16(), error_of(&response).0.as_str()), (403, "FORBIDDEN"));
    let response = stack.anonymous(http::Method::GET, EXPORT, &[]).await;
    assert_eq!((response.status.as_u16(), error_of(&response).0.as_str()), (401, "UNAUTHORIZED"));
    assert!(response.header("content-type").starts_with("application/json"));
}

#[tokio::test]
async fn export_lists_every_customer_once_during_concurrent_writes() {
    let stack = Stack::start().await;
    customers(&stack).await;
    let mut body = stack.acme.open(EXPORT).await.into_body();
    let (mut file, mut turn) = (String::new(), 0);
    while let Some(chunk) = body.frame().await {
        file.push_str(std::str::from_utf8(chunk.unwrap().data_ref().unwrap()).unwrap());
        // Between two chunks, one customer is created and many move between lists, ahead of and behind the
        // export.
        create(&stack.acme, json!({"firstName": "New"})).await;
        let moved: Vec<String> = (1..=COUNT).step_by(7).map(|number| format!("cust_{number}")).collect();
        let status = Status::ALL[turn % 3].as_str();
        let query = "mutation($i: BulkUpdateCustomersInput!) { bulkUpdateCustomers(input: $i) { success } }";
        let input = json!({"i": {"ids": moved, "update": {"status": status}}});
        assert_eq!(execute(&stack.acme, query, input).await["bulkUpdateCustomers"]["success"], true);
        turn += 1;
    }
    assert!(turn >= 3, "the file was not streamed");
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for row in file.strip_prefix(HEADER).unwrap().lines() {
        *times.entry(row.split(',').next().unwrap()).or_default() += 1;
    }
    let expected: BTreeSet<String> = (1..=COUNT).map(|number| format!("cust_{number}")).collect();
    assert_eq!(times.keys().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>(), expected);
    assert!(times.values().all(|times| *times == 1));
}

#[tokio::test]
async fn interrupted_export_ends_with_an_error() {
    let faults = Faults::default();
    let stack = Stack::start_with(|config| faults.without_retries(config)).await;
    customers(&stack).await;
    let mut body = stack.acme.open(EXPORT).await.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(HEADER.as_bytes()));
    faults.plan(|_| FaultAction::DropRequest);
    let error = body.frame().await.unwrap().unwrap_err().to_string();
    assert!(error.contains("unavailable"), "{error}");
}

/// Raises the count of the cell of customer 1 by `more`, without creating customers.
async fn inflate_count(stack: &Stack, more: u64) {
    let key = keys::slot(&stack.tenant(), Slot::new(63));
    let uuid = stack.tenant().customer_uuid(1.try_into().unwrap());
    let cell = stack.store.customer_get(&stack.tenant(), uuid, false).await.unwrap().cell();
    let count = |count: u64| AttributeValue::N(count.to_string());
    let update = stack
        .update_item(key)
        .update_expression("ADD #cell :more, seq :one")
        .expression_attribute_names("#cell", keys::cell_attribute(cell))
        .expression_attribute_values(":more", count(more))
        .expression_attribute_values(":one", count(1));
    update.send().await.unwrap();
}

#[tokio::test]
async fn export_is_accepted_if_only_the_first_rows_are_long() {
    let stack = Stack::start().await;
    customers(&stack).await;
    let more: Vec<u32> = (COUNT + 1..=COUNT + COUNT / 2).collect();
    for chunk in more.chunks(Store::IMPORT_ROWS) {
        let numbers = stack
            .store
            .customer_numbers_allocate(&stack.tenant(), chunk.len().try_into().unwrap())
            .await
            .unwrap();
        let rows = chunk.iter().map(|number| ImportedRow {
            key: RowKey::new("long", &number.to_string()),
            number: (*number).try_into().unwrap(),
            at: numbers.at,
            fields: CustomerFields { notes: Some("n".repeat(4_000)), ..CustomerFields::default() },
        });
        assert!(stack.store.customers_import(&stack.tenant(), rows.collect()).await.unwrap());
    }
    // If all 100,000 rows were as long as the newest 1,000, the file would be 400 MB. In the sample across all
    // customers, one row in three is long: about 140 MB, which is below the limit of 200 MB.
    inflate_count(&stack, 100_000 - u64::from(COUNT) * 3 / 2).await;
    assert_eq!(ids(&stack.acme, "").await.len(), more.len() + COUNT as usize);
    inflate_count(&stack, 400_000).await;
    let response = stack.acme.get(EXPORT).await;
    assert_eq!((response.status.as_u16(), error_of(&response).0.as_str()), (400, "EXPORT_TOO_LARGE"));
}

#[tokio::test]
async fn export_over_the_streaming_limit_is_refused_before_it_starts() {
    let stack = Stack::start().await;
    customers(&stack).await;
    create(&stack.acme, json!({"firstName": "Ann"})).await;
    inflate_count(&stack, 5_000_000).await;
    let response = stack.acme.get(EXPORT).await;
    assert_eq!(response.status, 400);
    let (code, message) = error_of(&response);
    assert_eq!(code, "EXPORT_TOO_LARGE");
    assert!(
        message.starts_with("5003001 customers are about ")
            && message.contains("sync-agent export customers"),
        "{message}"
    );
    assert_eq!(ids(&stack.acme, "?status=LEAD").await.len(), COUNT as usize / 3);
    assert_eq!(ids(&stack.acme, "?search=ann").await, ["cust_3001"]);
}
