//! Concurrent writers: every write takes effect entirely or not at all, the loser of a race gets an error, a
//! repeated request creates one customer, and the totals stay exact.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use futures::future::join_all;
use futures::stream::{self, StreamExt};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Caller, Response, Stack, check_lists, john, numbered, uuid_of};

const CUSTOMERS: &str = "/api/v1/customers";

/// Fields that writers change, each of them several times.
const FIELDS: [&str; 8] = [
    "last_name",
    "company_name",
    "notes",
    "billing_city",
    "billing_address1",
    "physical_address1",
    "physical_address2",
    "physical_city",
];

#[tokio::test(flavor = "multi_thread")]
async fn updates_by_32_concurrent_writers_all_take_effect() {
    let stack = stack().await;
    let created = stack.acme.post(CUSTOMERS, &john()).await;
    let path = format!("{CUSTOMERS}/{}", uuid_of(&created.data()));
    let change = |n: usize| (FIELDS[n % FIELDS.len()], format!("Mark{n:02}"));
    let responses = concurrently((0..32).map(|n| {
        let (acme, path, (field, mark)) = (stack.acme.clone(), path.clone(), change(n));
        async move { acme.put(&path, &json!({field: mark})).await }
    }));
    let responses: BTreeMap<u64, (usize, Value)> = responses
        .await
        .iter()
        .enumerate()
        .map(|(n, response)| (version(response), (n, response.data())))
        .collect();
    assert!(responses.keys().copied().eq(2..=33), "each version is written once: {:?}", responses.keys());
    let mut expected = created.data();
    for (n, response) in responses.values() {
        let (field, mark) = change(*n);
        expected[field] = json!(mark);
        assert_eq!(*response, expected);
    }
    let last = stack.acme.get(&path).await;
    assert_eq!((version(&last), last.data()), (33, expected.clone()));
    for n in (0..32).filter(|n| n % FIELDS.len() == 0) {
        let found = stack.acme.get(&format!("{CUSTOMERS}?search=mark{n:02}")).await.data();
        let is_last = expected["last_name"] == format!("Mark{n:02}");
        assert_eq!(found["pagination"]["total"], usize::from(is_last), "mark{n:02}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_concurrent_updates_of_a_version_is_rejected() {
    let stack = stack().await;
    let path = format!("{CUSTOMERS}/{}", stack.acme.create(&john()).await);
    for round in 1..=12 {
        let etag = format!("\"{round}\"");
        let bodies = ["One", "Other"].map(|name| format!("{name} {round}"));
        let bodies = bodies.map(|name| json!({"first_name": name, "last_name": name, "notes": name}));
        let responses = concurrently(bodies.clone().map(|body| {
            let (acme, path, etag) = (stack.acme.clone(), path.clone(), etag.clone());
            async move { acme.send(Method::PUT, &path, &[("if-match", &etag)], body.to_string()).await }
        }))
        .await;
        let (won, lost) = if responses[0].status.is_success() { (0, 1) } else { (1, 0) };
        responses[won].expect(200);
        responses[lost].error(412);
        assert_eq!(version(&responses[lost]), round + 1);
        let record = stack.acme.get(&path).await;
        assert_eq!((version(&record), record.data()), (round + 1, responses[won].data()));
        for field in ["first_name", "last_name", "notes"] {
            assert_eq!(record.data()[field], bodies[won][field]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn create_sent_16_times_concurrently_creates_one_customer() {
    let stack = stack().await;
    let responses = concurrently((0..16).map(|_| create_idempotent(&stack.acme, "order-1", john()))).await;
    for response in &responses {
        response.expect(201);
        assert_eq!((&response.body, version(response)), (&responses[0].body, 1));
    }
    let new = |response: &&Response| response.header("idempotent-replayed").is_empty();
    assert_eq!(responses.iter().filter(new).count(), 1);
    assert_eq!(check_lists(&stack.acme).await, [responses[0].data()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn update_and_delete_sent_16_times_concurrently_succeed_and_take_effect_once() {
    let stack = stack().await;
    for round in 0..6 {
        let path = format!("{CUSTOMERS}/{}", stack.acme.create(&john()).await);
        let changes = [(Method::PUT, json!({"notes": "new"}).to_string()), (Method::DELETE, String::new())];
        for (version, (method, body)) in (1..).zip(changes) {
            let key = format!("{method} {round}");
            let responses = concurrently((0..16).map(|_| {
                let (acme, path, key) = (stack.acme.clone(), path.clone(), key.clone());
                let (method, body, matched) = (method.clone(), body.clone(), format!("\"{version}\""));
                let headers = [("idempotency-key", key), ("if-match", matched)];
                async move {
                    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
                    acme.send(method, &path, &headers, body).await
                }
            }));
            let responses: Vec<Value> = responses.await.iter().map(|response| response.expect(200)).collect();
            assert!(responses.iter().all(|response| *response == responses[0]), "{responses:#?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idempotency_key_sent_with_two_bodies_belongs_to_one_of_them() {
    let stack = stack().await;
    for round in 0..4 {
        let key = format!("order-{round}");
        let bodies = [numbered(2 * round), numbered(2 * round + 1)];
        let responses =
            concurrently((0..16).map(|n| create_idempotent(&stack.acme, &key, bodies[n % 2].clone()))).await;
        let created = responses.iter().find(|response| response.status.is_success()).unwrap().data();
        for (n, response) in responses.iter().enumerate() {
            if bodies[n % 2]["last_name"] == created["last_name"] {
                response.expect(201);
                assert_eq!(response.data(), created);
            } else {
                assert_eq!(
                    response.error(409),
                    "This Idempotency-Key was already used for a different request; send a new key"
                );
            }
        }
        let list = check_lists(&stack.acme).await;
        assert_eq!((list.len(), &list[0]), (round + 1, &created));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_exact_after_200_concurrent_writes() {
    let stack = stack().await;
    let created = concurrently((0..12).map(|n| {
        let acme = stack.acme.clone();
        async move { acme.create(&numbered(n)).await }
    }))
    .await;
    let writes = (0..200_usize).map(|n| {
        let (acme, path) = (stack.acme.clone(), format!("{CUSTOMERS}/{}", created[n % created.len()]));
        tokio::spawn(async move {
            match n / 12 % 4 {
                0 => acme.post(CUSTOMERS, &with_counted_fields(numbered(100 + n), n)).await,
                1 => acme.put(&path, &with_counted_fields(json!({}), n)).await,
                2 => acme.delete(&path).await,
                _ => acme.post(&format!("{path}/restore"), &Value::Null).await,
            }
        })
    });
    let responses: Vec<Response> =
        stream::iter(writes).buffer_unordered(32).map(Result::unwrap).collect().await;
    let count = |status: u16| responses.iter().filter(|response| response.status == status).count();
    // Updates and deletes of deleted customers get 404; no other write fails.
    let failed: Vec<&Response> =
        responses.iter().filter(|response| !matches!(response.status.as_u16(), 200 | 201 | 404)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let customers = check_lists(&stack.acme).await;
    assert_eq!(customers.len(), 12 + count(201));
}

/// Starts a stack without timeouts, because dozens of concurrent requests take long on a small machine.
async fn stack() -> Stack {
    Stack::start_with(|config| config.timeout_config(TimeoutConfig::disabled())).await
}

/// Sets the fields that determine the counter of a customer; they vary with `n`.
fn with_counted_fields(mut body: Value, n: usize) -> Value {
    body["customer_type"] = json!(if n.is_multiple_of(2) { "Commercial" } else { "Residential" });
    body["is_vip"] = json!(n.is_multiple_of(3));
    body
}

fn create_idempotent(
    caller: &Caller,
    key: &str,
    body: Value,
) -> impl Future<Output = Response> + Send + 'static {
    let (caller, key) = (caller.clone(), key.to_owned());
    async move { caller.send(Method::POST, CUSTOMERS, &[("idempotency-key", &key)], body.to_string()).await }
}

/// Returns the version in a response's `ETag`.
fn version(response: &Response) -> u64 {
    response.header("etag").trim_matches('"').parse().unwrap_or_else(|_| panic!("{response:#?}"))
}

/// Runs all of these concurrently.
async fn concurrently<F>(all: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    join_all(all.into_iter().map(tokio::spawn)).await.into_iter().map(Result::unwrap).collect()
}
