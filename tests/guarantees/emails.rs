//! With `unique-email` on, no two customers of a tenant share an email, even under concurrent writes.

use std::collections::BTreeSet;

use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};

use clientele_shared::model::{CustomerFields, Settings};
use clientele_shared::store::{ImportedRow, RowKey, Store};

use crate::support::{Caller, Calls, Stack, uuid_of};

const CUSTOMERS: &str = "/api/v1/customers";
const TAKEN: &str = "Another customer has this email";

fn named(name: &str, email: &str) -> Value {
    json!({"first_name": name, "last_name": "Doe", "email": email})
}

async fn require_unique_emails(stack: &Stack) {
    stack.settings(Settings { unique_email: true, ..Settings::default() }).await;
}

async fn create(caller: &Caller, name: &str, email: &str) -> String {
    let path = uuid_of(&caller.post(CUSTOMERS, &named(name, email)).await.expect(201)["data"]);
    format!("{CUSTOMERS}/{path}")
}

/// Returns the emails of all customers, in lower case as they are compared.
async fn emails(caller: &Caller) -> Vec<String> {
    let data = caller.get(&format!("{CUSTOMERS}?limit=100")).await.data();
    let customers = data["customers"].as_array().unwrap().iter();
    customers.filter_map(|customer| customer["email"].as_str()).map(str::to_lowercase).collect()
}

#[tokio::test]
async fn customers_can_share_an_email_unless_unique_email_is_on() {
    let stack = Stack::start().await;
    create(&stack.acme, "Ann", "doe@example.com").await;
    create(&stack.acme, "Bob", "doe@example.com").await;
    require_unique_emails(&stack).await;
    let third = stack.acme.post(CUSTOMERS, &named("Cid", "Doe@Example.com")).await;
    assert_eq!(third.error(409), TAKEN);
    assert_eq!(emails(&stack.acme).await.len(), 2);
    // Other tenants and customers without an email are not affected.
    require_unique_emails(&stack).await;
    let other = stack.caller("bolt", clientele_shared::model::Mode::Live, "read,write").await;
    create(&other, "Cid", "doe@example.com").await;
    for name in ["Dan", "Eve"] {
        stack.acme.post(CUSTOMERS, &json!({"first_name": name, "last_name": "Doe"})).await.expect(201);
    }
}

#[tokio::test]
async fn email_of_many_customers_is_found_to_be_taken_by_reading_few_of_them() {
    let calls = Calls::default();
    let recorder = calls.clone();
    let stack = Stack::start_with(|config| config.interceptor(recorder)).await;
    let tenant = stack.tenant();
    let shared = |number: u32, at| ImportedRow {
        key: RowKey::new("test", &number.to_string()),
        number: number.try_into().unwrap(),
        at,
        fields: CustomerFields { email: Some("office@example.com".into()), ..CustomerFields::default() },
    };
    let allocated = stack.store.customer_numbers_allocate(&tenant, 400).await.unwrap();
    for first in (1..=400).step_by(Store::IMPORT_ROWS) {
        let numbers = first..401.min(first + u32::try_from(Store::IMPORT_ROWS).unwrap());
        let rows = numbers.map(|number| shared(number, allocated.at)).collect();
        assert!(stack.store.customers_import(&tenant, rows).await.unwrap());
    }
    require_unique_emails(&stack).await;
    drop(calls.take());
    assert_eq!(stack.acme.post(CUSTOMERS, &named("Ann", "OFFICE@example.com")).await.error(409), TAKEN);
    let taken = calls.take();
    let records = taken.iter().flat_map(|call| &call.accesses);
    let records = records.filter(|access| access.partition.contains("#C#")).count();
    assert!((1..=100).contains(&records), "{records} records were read");
}

#[tokio::test]
async fn email_becomes_free_when_its_owner_gives_it_up_or_is_deleted() {
    let stack = Stack::start().await;
    require_unique_emails(&stack).await;
    let acme = &stack.acme;
    let ann = create(acme, "Ann", "ann@example.com").await;
    let bob = create(acme, "Bob", "bob@example.com").await;
    assert_eq!(acme.put(&bob, &json!({"email": "ANN@example.com"})).await.error(409), TAKEN);
    assert_eq!(acme.get(&bob).await.data()["email"], "bob@example.com");
    // A customer can keep its own email, in any letter case.
    acme.put(&ann, &json!({"email": "Ann@Example.com", "notes": "x"})).await.expect(200);
    acme.put(&ann, &json!({"email": "ann@new.example.com"})).await.expect(200);
    acme.put(&bob, &json!({"email": "ann@example.com"})).await.expect(200);
    assert_eq!(acme.put(&ann, &json!({"email": "ann@example.com"})).await.error(409), TAKEN);
    acme.delete(&bob).await.expect(200);
    acme.put(&ann, &json!({"email": "ann@example.com"})).await.expect(200);
    let restored = acme.send(Method::POST, &format!("{bob}/restore"), &[], String::new()).await;
    assert_eq!(restored.error(409), TAKEN);
    acme.get(&bob).await.expect(404);
}

#[tokio::test]
async fn retried_create_does_not_conflict_with_itself() {
    let stack = Stack::start().await;
    require_unique_emails(&stack).await;
    let body = named("Ann", "ann@example.com").to_string();
    let send = || stack.acme.send(Method::POST, CUSTOMERS, &[("idempotency-key", "k")], body.clone());
    let first = send().await.expect(201)["data"].clone();
    assert_eq!(send().await.expect(201)["data"], first);
    assert_eq!(emails(&stack.acme).await, ["ann@example.com"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_duplicates_of_a_create_get_the_same_response() {
    let stack = Stack::start().await;
    require_unique_emails(&stack).await;
    for round in 0..6 {
        let body = named("Ann", &format!("r{round}@example.com")).to_string();
        let duplicates = (0..12).map(|_| {
            let (acme, body, key) = (stack.acme.clone(), body.clone(), format!("k{round}"));
            tokio::spawn(async move {
                acme.send(Method::POST, CUSTOMERS, &[("idempotency-key", &key)], body).await
            })
        });
        let responses = join_all(duplicates).await.into_iter().map(Result::unwrap);
        let uuids: BTreeSet<String> =
            responses.map(|response| uuid_of(&response.expect(201)["data"])).collect();
        assert_eq!(uuids.len(), 1);
    }
    assert_eq!(emails(&stack.acme).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_concurrent_creates_gets_a_contested_email() {
    let stack = Stack::start().await;
    require_unique_emails(&stack).await;
    for round in 0..4 {
        let spellings = [format!("r{round}@example.com"), format!("R{round}@Example.COM")];
        let creates = (0..12).map(|n| {
            let (acme, email) = (stack.acme.clone(), spellings[n % 2].clone());
            tokio::spawn(async move { acme.post(CUSTOMERS, &named("Ann", &email)).await })
        });
        let responses: Vec<_> = join_all(creates).await.into_iter().map(Result::unwrap).collect();
        let (created, rejected): (Vec<_>, Vec<_>) =
            responses.into_iter().partition(|response| response.status == 201);
        assert_eq!((created.len(), rejected.len()), (1, 11));
        assert!(rejected.iter().all(|response| response.error(409) == TAKEN));
    }
    assert_eq!(emails(&stack.acme).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn emails_moved_between_customers_are_never_shared() {
    let stack = Stack::start().await;
    require_unique_emails(&stack).await;
    let addresses = ["a@example.com", "b@example.com", "c@example.com"];
    let mut paths = Vec::new();
    for name in ["Ann", "Bob", "Cid", "Dan"] {
        paths.push(create(&stack.acme, name, &format!("{name}@example.com")).await);
    }
    let writers = paths.into_iter().enumerate().map(|(n, path)| {
        let acme = stack.acme.clone();
        tokio::spawn(async move {
            for turn in 0..12 {
                let email = addresses[(n + turn * (n + 1)) % addresses.len()];
                let response = acme.put(&path, &json!({"email": email})).await;
                assert!(response.status == 200 || response.error(409) == TAKEN, "{response:#?}");
                // Two customers never have the same email, even temporarily.
                let all = emails(&acme).await;
                assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
            }
        })
    });
    join_all(writers).await.into_iter().for_each(Result::unwrap);
}

#[tokio::test]
async fn pool_reports_a_taken_email_in_single_and_bulk_updates() {
    let stack = Stack::start().await;
    require_unique_emails(&stack).await;
    create(&stack.acme, "Ann", "ann@example.com").await;
    create(&stack.acme, "Bob", "bob@example.com").await;
    let execute = async |query: &str| stack.acme.post("/graphql", &json!({"query": query})).await.expect(200);
    let one =
        execute(r#"mutation { createCustomer(input: {firstName: "Cid", email: "ann@example.com"}) { id } }"#)
            .await;
    assert_eq!(one["errors"][0]["extensions"]["code"], "CONFLICT", "{one}");
    let many = r#"mutation { bulkUpdateCustomers(input: {ids: ["cust_1", "cust_2"], update: {email: "new@example.com"}})
        { success updatedCount errors { id message } } }"#;
    let many = execute(many).await;
    let result = &many["data"]["bulkUpdateCustomers"];
    assert_eq!((&result["success"], &result["updatedCount"]), (&json!(false), &json!(1)), "{many}");
    assert_eq!(result["errors"], json!([{"id": "cust_2", "message": TAKEN}]));
}
