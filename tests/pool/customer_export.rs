//! `pool-customer-export`: GET /customers/export/csv.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use http_body_util::BodyExt as _;
use serde_json::json;

use clientele_shared::model::{CustomerFields, Mode, Settings, Status};
use clientele_shared::store::{ImportedRow, RowKey, Store, Write};
use clientele_shared::table::keys;

use super::walks::{COUNT, customers};
use super::{ask, create, create_tag, error_of};
use crate::support::{Caller, FaultAction, Faults, Stack};

const EXPORT: &str = "/customers/export/csv";
const HEADER: &str = "id,firstName,lastName,companyName,email,phone,mobilePhone,street,city,state,zipCode,status,tags,\
                      notes,quickbooksId,createdAt,updatedAt\r\n";

/// The ids of an export, in their order.
async fn ids(caller: &Caller, query: &str) -> Vec<String> {
    let answer = caller.get(&format!("{EXPORT}{query}")).await;
    let rows = answer.expect_text(200).strip_prefix(HEADER).unwrap();
    rows.lines().map(|row| row.split(',').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_file_is_as_documented() {
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
    let answer = acme.get(EXPORT).await;
    let made = "2026-01-15T10:30:00Z,2026-01-15T10:30:00Z\r\n";
    let moment = answer.body.lines().nth(1).unwrap().rsplit(',').next().unwrap().to_owned();
    let expected = format!(
        "{HEADER}cust_2,,O'Brien,,,,,,,,,LEAD,,,QB-12345,{made}\
         cust_1,Luís,,\"Embraer, \"\"S.A.\"\"\",,'+55 (12) 3923-5555,,,São Paulo,,,ACTIVE,Salt & water;Weekly,\
         \"'=1+1\nand\r\nmore\",,{made}"
    )
    .replace("2026-01-15T10:30:00Z", &moment);
    assert_eq!(answer.expect_text(200), expected);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"customers.csv\"");
    assert!(!answer.header("x-request-id").is_empty());

    stack.settings(Settings { csv_formula_guard: false, ..Settings::default() }).await;
    // The first call after the change learns of it.
    acme.get(EXPORT).await.expect_text(200);
    let bare = expected.replace(",'+55", ",+55").replace("\"'=1", "\"=1");
    assert_eq!(acme.get(EXPORT).await.expect_text(200), bare);
}

#[tokio::test]
async fn status_and_search_narrow_it_down() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    assert_eq!(ids(acme, "").await, Vec::<String>::new());
    for (name, status) in [("Ann", "ACTIVE"), ("Bob", "LEAD"), ("Cid", "INACTIVE"), ("Annabel", "LEAD")] {
        create(acme, json!({"firstName": name, "status": status})).await;
    }
    let gone = create(acme, json!({"firstName": "Ann"})).await;
    let gone = stack.tenant().customer_uuid(gone[5..].parse::<u32>().unwrap().try_into().unwrap());
    stack.store.customer_delete(&stack.tenant(), gone, Write::plain()).await.unwrap();
    for (query, expected) in [
        ("", &["cust_4", "cust_3", "cust_2", "cust_1"][..]),
        ("?status=LEAD", &["cust_4", "cust_2"]),
        ("?status=lead&search=", &["cust_4", "cust_2"]),
        ("?search=ann", &["cust_4", "cust_1"]),
        ("?search=ann&status=ACTIVE&unknown=1", &["cust_1"]),
        ("?search=nobody", &[]),
    ] {
        assert_eq!(ids(acme, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn who_may_not_or_asks_wrongly_is_told_in_json() {
    let stack = Stack::start().await;
    let answer = stack.acme.get(&format!("{EXPORT}?status=PAUSED")).await;
    assert_eq!(answer.status, 400);
    let (code, message) = error_of(&answer);
    assert_eq!(code, "BAD_USER_INPUT");
    assert!(message.contains("status") && message.contains("ACTIVE, INACTIVE or LEAD"), "{message}");
    let reader = stack.caller("acme", Mode::Live, "read,write").await;
    let answer = reader.get(EXPORT).await;
    assert_eq!((answer.status.as_u16(), error_of(&answer).0.as_str()), (403, "FORBIDDEN"));
    let answer = stack.anonymous(http::Method::GET, EXPORT, &[]).await;
    assert_eq!((answer.status.as_u16(), error_of(&answer).0.as_str()), (401, "UNAUTHORIZED"));
    assert!(answer.header("content-type").starts_with("application/json"));
}

#[tokio::test]
async fn everybody_who_was_there_all_along_is_in_it_once_whatever_others_write() {
    let stack = Stack::start().await;
    customers(&stack).await;
    let mut body = stack.acme.open(EXPORT).await.into_body();
    let (mut file, mut turn) = (String::new(), 0);
    while let Some(part) = body.frame().await {
        file.push_str(std::str::from_utf8(part.unwrap().data_ref().unwrap()).unwrap());
        // Between two parts somebody comes, and many move from one list to another, before and behind us.
        create(&stack.acme, json!({"firstName": "New"})).await;
        let moved: Vec<String> = (1..=COUNT).step_by(7).map(|number| format!("cust_{number}")).collect();
        let status = Status::ALL[turn % 3].as_str();
        let query = "mutation($i: BulkUpdateCustomersInput!) { bulkUpdateCustomers(input: $i) { success } }";
        let input = json!({"i": {"ids": moved, "update": {"status": status}}});
        assert_eq!(ask(&stack.acme, query, input).await["bulkUpdateCustomers"]["success"], true);
        turn += 1;
    }
    assert!(turn >= 3, "one part is no stream");
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for row in file.strip_prefix(HEADER).unwrap().lines() {
        *times.entry(row.split(',').next().unwrap()).or_default() += 1;
    }
    let expected: BTreeSet<String> = (1..=COUNT).map(|number| format!("cust_{number}")).collect();
    assert_eq!(times.keys().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>(), expected);
    assert!(times.values().all(|times| *times == 1));
}

#[tokio::test]
async fn a_file_that_breaks_off_does_not_look_whole() {
    let faults = Faults::default();
    let stack = Stack::start_with(|config| faults.without_retries(config)).await;
    customers(&stack).await;
    let mut body = stack.acme.open(EXPORT).await.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(HEADER.as_bytes()));
    faults.plan(|_| FaultAction::Cut);
    let error = body.frame().await.unwrap().unwrap_err().to_string();
    assert!(error.contains("unavailable"), "{error}");
}

/// As if there were so many more active customers.
async fn pretend(stack: &Stack, more: u64) {
    let key = keys::counts(&stack.tenant(), 0);
    let uuid = stack.tenant().customer_uuid(1.try_into().unwrap());
    let cell = stack.store.customer_get(&stack.tenant(), uuid, false).await.unwrap().cell();
    let count = |count: u64| AttributeValue::N(count.to_string());
    let update = stack
        .client
        .update_item()
        .table_name(&stack.table)
        .key(keys::attribute::PK, AttributeValue::S(key.pk))
        .key(keys::attribute::SK, AttributeValue::S(key.sk))
        .update_expression("ADD #cell :more, changes :one")
        .expression_attribute_names("#cell", keys::cell_attribute(cell))
        .expression_attribute_values(":more", count(more))
        .expression_attribute_values(":one", count(1));
    update.send().await.unwrap();
}

#[tokio::test]
async fn long_rows_at_the_top_are_no_reason_to_refuse() {
    let stack = Stack::start().await;
    customers(&stack).await;
    let more: Vec<u32> = (COUNT + 1..=COUNT + COUNT / 2).collect();
    for some in more.chunks(Store::IMPORT_ROWS) {
        stack.store.customer_numbers_allocate(&stack.tenant(), some.len().try_into().unwrap()).await.unwrap();
        let rows = some.iter().map(|number| ImportedRow {
            mark: RowKey::new("long", &number.to_string()),
            number: (*number).try_into().unwrap(),
            fields: CustomerFields { notes: Some("n".repeat(4_000)), ..CustomerFields::default() },
        });
        assert!(stack.store.customers_import(&stack.tenant(), rows.collect()).await.unwrap());
    }
    // If all 100,000 were like the newest thousand they would be 400 MB; a seventh of the others is.
    pretend(&stack, 100_000 - u64::from(COUNT) * 3 / 2).await;
    assert_eq!(ids(&stack.acme, "").await.len(), more.len() + COUNT as usize);
    pretend(&stack, 400_000).await;
    let answer = stack.acme.get(EXPORT).await;
    assert_eq!((answer.status.as_u16(), error_of(&answer).0.as_str()), (400, "EXPORT_TOO_LARGE"));
}

#[tokio::test]
async fn what_lambda_could_not_send_is_refused_before_it_begins() {
    let stack = Stack::start().await;
    customers(&stack).await;
    create(&stack.acme, json!({"firstName": "Ann"})).await;
    pretend(&stack, 5_000_000).await;
    let answer = stack.acme.get(EXPORT).await;
    assert_eq!(answer.status, 400);
    let (code, message) = error_of(&answer);
    assert_eq!(code, "EXPORT_TOO_LARGE");
    assert!(
        message.starts_with("5003001 customers are about ") && message.contains("scheduled export"),
        "{message}"
    );
    assert_eq!(ids(&stack.acme, "?status=LEAD").await.len(), COUNT as usize / 3);
    assert_eq!(ids(&stack.acme, "?search=ann").await, ["cust_3001"]);
}
