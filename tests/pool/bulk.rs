//! Bulk updates: many customers in few calls, each customer entirely or not at all.

use serde_json::{Value, json};

use clientele_shared::model::{CustomerFields, Settings, Status};
use clientele_shared::store::{ImportedRow, RowKey, Store};

use super::{create, create_tag, execute, execute_err, list};
use crate::support::{Calls, Stack};

const BULK: &str = "mutation($i: BulkUpdateCustomersInput!) { bulkUpdateCustomers(input: $i) \
                    { success updatedCount errors { id message } } }";

async fn bulk(stack: &Stack, ids: &[String], update: Value) -> Value {
    execute(&stack.acme, BULK, json!({"i": {"ids": ids, "update": update}})).await["bulkUpdateCustomers"]
        .clone()
}

/// Imports `count` customers, one in five of them a lead.
pub(super) async fn customers(stack: &Stack, count: u32) {
    let numbers: Vec<u32> = (1..=count).collect();
    for chunk in numbers.chunks(Store::IMPORT_ROWS) {
        let count = u32::try_from(chunk.len()).unwrap();
        let allocated = stack.store.customer_numbers_allocate(&stack.tenant(), count).await.unwrap();
        assert_eq!(allocated.first.get(), chunk[0]);
        let rows = chunk.iter().map(|number| ImportedRow {
            key: RowKey::new("test", &number.to_string()),
            number: (*number).try_into().unwrap(),
            at: allocated.at,
            fields: CustomerFields {
                last_name: Some(format!("No{number}")),
                status: if number % 5 == 0 { Status::Lead } else { Status::Active },
                ..CustomerFields::default()
            },
        });
        assert!(stack.store.customers_import(&stack.tenant(), rows.collect()).await.unwrap());
    }
}

fn ids(numbers: impl Iterator<Item = u32>) -> Vec<String> {
    numbers.map(|number| format!("cust_{number}")).collect()
}

#[tokio::test]
async fn bulk_update_of_500_ids_reports_missing_ones_and_takes_at_most_40_calls() {
    let calls = Calls::default();
    let recorder = calls.clone();
    let stack = Stack::start_with(|config| config.interceptor(recorder)).await;
    customers(&stack, 495).await;
    stack.settings(Settings { usage_metering: false, ..Settings::default() }).await;
    let all = [ids(1..=495), ids([7, 7, 900].into_iter()), vec!["weekly".into(), "cust_07".into()]].concat();
    assert_eq!(all.len(), 500);
    list(&stack.acme, "first: 1").await;
    drop(calls.take());
    let response = bulk(&stack, &all, json!({"status": "LEAD"})).await;
    let call_count = calls.take().len();
    assert_eq!(response["success"], false);
    assert_eq!(response["updatedCount"], 495);
    let missing = |id: &str| json!({"id": id, "message": "Customer not found"});
    assert_eq!(response["errors"], json!([missing("cust_900"), missing("weekly"), missing("cust_07")]));
    // Five reads, six transactions, each with the head of its slot, and 20 batches of marks for the new status.
    assert!(call_count <= 40, "{call_count} calls");
    assert_eq!(list(&stack.acme, "first: 1, filter: {status: LEAD}").await.1, 495);
    assert_eq!(list(&stack.acme, "first: 1, filter: {status: ACTIVE}").await.1, 0);

    // Customers that have the status already are counted but not written.
    drop(calls.take());
    let response = bulk(&stack, &ids(1..=495), json!({"status": "LEAD"})).await;
    assert_eq!(response, json!({"success": true, "updatedCount": 495, "errors": []}));
    assert!(calls.take().iter().all(crate::support::Call::is_read));
}

#[tokio::test]
async fn filters_reflect_bulk_changes_of_tags() {
    let stack = Stack::start().await;
    customers(&stack, 120).await;
    let (one, two) = (create_tag(&stack.acme, "One").await, create_tag(&stack.acme, "Two").await);
    bulk(&stack, &ids(1..=120), json!({"tagIds": [one]})).await;
    let response = bulk(&stack, &ids(1..=60), json!({"addTagIds": [two], "city": "Austin"})).await;
    assert_eq!(response["updatedCount"], 60);
    bulk(&stack, &ids(1..=30), json!({"removeTagIds": [one]})).await;
    for (filter, expected) in [
        (format!("{{tagIds: [\"{one}\"]}}"), 90),
        (format!("{{tagIds: [\"{two}\"]}}"), 60),
        (format!("{{tagIds: [\"{two}\"], city: \"austin\"}}"), 60),
        (format!("{{tagIds: [\"{one}\", \"{two}\"]}}"), 120),
    ] {
        assert_eq!(list(&stack.acme, &format!("first: 1, filter: {filter}")).await.1, expected, "{filter}");
    }
}

#[tokio::test]
async fn failed_update_of_one_customer_does_not_stop_the_others() {
    let stack = Stack::start().await;
    create(&stack.acme, json!({"firstName": "A"})).await;
    create(&stack.acme, json!({"firstName": "B", "email": "b@example.com"})).await;
    let response = bulk(&stack, &ids(1..=2), json!({"firstName": null})).await;
    let message =
        "input: must leave the customer with at least one of firstName, lastName, companyName and email";
    assert_eq!(
        response,
        json!({"success": false, "updatedCount": 1, "errors": [{"id": "cust_1", "message": message}]})
    );
    assert_eq!(bulk(&stack, &[], json!({"status": "LEAD"})).await["success"], true);
}

#[tokio::test]
async fn invalid_bulk_update_is_reported_once_and_nothing_is_written() {
    let stack = Stack::start().await;
    customers(&stack, 3).await;
    for (update, message) in [
        (json!({"email": "x"}), "email: must be an email address, such as john@example.com"),
        (json!({"status": null}), "status: must not be null"),
        (json!({"tagIds": ["tag_404"]}), "tagIds: contains an unknown tag id"),
    ] {
        let variables = json!({"i": {"ids": ids(1..=3), "update": update}});
        let expected = ("BAD_USER_INPUT".to_owned(), message.to_owned());
        assert_eq!(execute_err(&stack.acme, BULK, variables).await, expected);
    }
    let variables = json!({"i": {"ids": ids(1..=501), "update": {"status": "LEAD"}}});
    let (code, message) = execute_err(&stack.acme, BULK, variables).await;
    assert_eq!((code.as_str(), message.as_str()), ("BAD_USER_INPUT", "ids: must have at most 500 ids"));
    assert_eq!(list(&stack.acme, "first: 1, filter: {status: LEAD}").await.1, 0);
}

#[tokio::test]
async fn concurrent_bulk_and_single_updates_lose_nothing() {
    let stack = Stack::start().await;
    customers(&stack, 100).await;
    let all = ids(1..=100);
    let update = "mutation($id: ID!) { updateCustomer(id: $id, input: {notes: \"seen\"}) { id } }";
    let singles = async {
        for id in all.iter().step_by(10) {
            execute(&stack.acme, update, json!({ "id": id })).await;
        }
    };
    let (first, second, ()) = futures::join!(
        bulk(&stack, &all, json!({"city": "Austin"})),
        bulk(&stack, &all, json!({"status": "INACTIVE"})),
        singles,
    );
    let done = json!({"success": true, "updatedCount": 100, "errors": []});
    assert_eq!((&first, &second), (&done, &done));
    let arguments = "first: 1, filter: {city: \"austin\", status: INACTIVE}";
    assert_eq!(list(&stack.acme, arguments).await.1, 100);
    assert_eq!(list(&stack.acme, "first: 1, filter: {status: INACTIVE}").await.1, 100);
    assert_eq!(list(&stack.acme, "first: 1").await.1, 100);
    let notes =
        execute(&stack.acme, "{ customer(selector: {id: \"cust_91\"}) { notes city status } }", json!({}));
    assert_eq!(notes.await["customer"], json!({"notes": "seen", "city": "Austin", "status": "INACTIVE"}));
}
