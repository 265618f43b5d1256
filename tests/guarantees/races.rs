//! Writers at the same time: every write takes effect whole or not at all, whoever loses learns it, a repeated
//! request makes one customer, and the totals stay exact.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use futures::future::join_all;
use futures::stream::{self, StreamExt};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, Stack, john, lists_in_order, numbered, uuid_of};

const CUSTOMERS: &str = "/api/v1/customers";

/// Members that writers change, each of them several times.
const MEMBERS: [&str; 8] = [
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
async fn thirty_two_writers_all_take_effect_one_after_another() {
    let stack = stack().await;
    let created = stack.acme.post(CUSTOMERS, &john()).await;
    let path = format!("{CUSTOMERS}/{}", uuid_of(&created.data()));
    let change = |n: usize| (MEMBERS[n % MEMBERS.len()], format!("Mark{n:02}"));
    let answers = at_once((0..32).map(|n| {
        let (acme, path, (member, mark)) = (stack.acme.clone(), path.clone(), change(n));
        async move { acme.put(&path, &json!({member: mark})).await }
    }));
    let answers: BTreeMap<u64, (usize, Value)> =
        answers.await.iter().enumerate().map(|(n, answer)| (version(answer), (n, answer.data()))).collect();
    assert!(answers.keys().copied().eq(2..=33), "each version is made once: {:?}", answers.keys());
    let mut expected = created.data();
    for (n, answer) in answers.values() {
        let (member, mark) = change(*n);
        expected[member] = json!(mark);
        assert_eq!(*answer, expected);
    }
    let last = stack.acme.get(&path).await;
    assert_eq!((version(&last), last.data()), (33, expected.clone()));
    for n in (0..32).filter(|n| n % MEMBERS.len() == 0) {
        let found = stack.acme.get(&format!("{CUSTOMERS}?search=mark{n:02}")).await.data();
        let is_last = expected["last_name"] == format!("Mark{n:02}");
        assert_eq!(found["pagination"]["total"], usize::from(is_last), "mark{n:02}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_writers_at_the_same_version_one_learns_that_it_lost() {
    let stack = stack().await;
    let path = format!("{CUSTOMERS}/{}", stack.acme.create(&john()).await);
    for round in 1..=12 {
        let etag = format!("\"{round}\"");
        let bodies =
            ["One", "Other"].map(|name| json!({"first_name": name, "last_name": name, "notes": name}));
        let answers = at_once(bodies.clone().map(|body| {
            let (acme, path, etag) = (stack.acme.clone(), path.clone(), etag.clone());
            async move { acme.send(Method::PUT, &path, &[("if-match", &etag)], body.to_string()).await }
        }))
        .await;
        let (won, lost) = if answers[0].status.is_success() { (0, 1) } else { (1, 0) };
        answers[won].expect(200);
        answers[lost].error(412);
        assert_eq!(version(&answers[lost]), round + 1);
        let record = stack.acme.get(&path).await;
        assert_eq!((version(&record), record.data()), (round + 1, answers[won].data()));
        for member in ["first_name", "last_name", "notes"] {
            assert_eq!(record.data()[member], bodies[won][member]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_sent_sixteen_times_at_once_makes_one_customer() {
    let stack = stack().await;
    let answers = at_once((0..16).map(|_| create_once(&stack.acme, "order-1", john()))).await;
    for answer in &answers {
        answer.expect(201);
        assert_eq!((&answer.body, version(answer)), (&answers[0].body, 1));
    }
    let new = |answer: &&Answer| answer.header("idempotent-replayed").is_empty();
    assert_eq!(answers.iter().filter(new).count(), 1);
    assert_eq!(lists_in_order(&stack.acme).await, [answers[0].data()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_sent_sixteen_times_at_once_takes_effect_once_and_is_refused_to_nobody() {
    let stack = stack().await;
    for round in 0..6 {
        let path = format!("{CUSTOMERS}/{}", stack.acme.create(&john()).await);
        let changes = [(Method::PUT, json!({"notes": "new"}).to_string()), (Method::DELETE, String::new())];
        for (version, (method, body)) in (1..).zip(changes) {
            let key = format!("{method} {round}");
            let answers = at_once((0..16).map(|_| {
                let (acme, path, key) = (stack.acme.clone(), path.clone(), key.clone());
                let (method, body, matched) = (method.clone(), body.clone(), format!("\"{version}\""));
                let headers = [("idempotency-key", key), ("if-match", matched)];
                async move {
                    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
                    acme.send(method, &path, &headers, body).await
                }
            }));
            let answers: Vec<Value> = answers.await.iter().map(|answer| answer.expect(200)).collect();
            assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_sent_with_two_bodies_at_once_belongs_to_one_of_them() {
    let stack = stack().await;
    for round in 0..4 {
        let key = format!("order-{round}");
        let bodies = [numbered(2 * round), numbered(2 * round + 1)];
        let answers = at_once((0..16).map(|n| create_once(&stack.acme, &key, bodies[n % 2].clone()))).await;
        let made = answers.iter().find(|answer| answer.status.is_success()).unwrap().data();
        for (n, answer) in answers.iter().enumerate() {
            if bodies[n % 2]["last_name"] == made["last_name"] {
                answer.expect(201);
                assert_eq!(answer.data(), made);
            } else {
                assert_eq!(answer.error(409), "This Idempotency-Key was used for a different request");
            }
        }
        let list = lists_in_order(&stack.acme).await;
        assert_eq!((list.len(), &list[0]), (round + 1, &made));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_exact_after_two_hundred_writes_at_once() {
    let stack = stack().await;
    let created = at_once((0..12).map(|n| {
        let acme = stack.acme.clone();
        async move { acme.create(&numbered(n)).await }
    }))
    .await;
    let writes = (0..200_usize).map(|n| {
        let (acme, path) = (stack.acme.clone(), format!("{CUSTOMERS}/{}", created[n % created.len()]));
        tokio::spawn(async move {
            match n / 12 % 4 {
                0 => acme.post(CUSTOMERS, &cell(numbered(100 + n), n)).await,
                1 => acme.put(&path, &cell(json!({}), n)).await,
                2 => acme.delete(&path).await,
                _ => acme.post(&format!("{path}/restore"), &Value::Null).await,
            }
        })
    });
    let answers: Vec<Answer> = stream::iter(writes).buffer_unordered(32).map(Result::unwrap).collect().await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    // One that is deleted cannot be changed or deleted; nobody else is refused.
    let refused: Vec<&Answer> =
        answers.iter().filter(|answer| !matches!(answer.status.as_u16(), 200 | 201 | 404)).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    let customers = lists_in_order(&stack.acme).await;
    assert_eq!(customers.len(), 12 + count(201));
}

/// A stack without timeouts: dozens of requests at once on a small machine take their time.
async fn stack() -> Stack {
    Stack::start_with(|config| config.timeout_config(TimeoutConfig::disabled())).await
}

/// The members that say where a customer is counted, different from one number to the next.
fn cell(mut body: Value, n: usize) -> Value {
    body["customer_type"] = json!(if n.is_multiple_of(2) { "Commercial" } else { "Residential" });
    body["is_vip"] = json!(n.is_multiple_of(3));
    body
}

fn create_once(caller: &Caller, key: &str, body: Value) -> impl Future<Output = Answer> + Send + 'static {
    let (caller, key) = (caller.clone(), key.to_owned());
    async move { caller.send(Method::POST, CUSTOMERS, &[("idempotency-key", &key)], body.to_string()).await }
}

/// The version that an answer's `ETag` tells.
fn version(answer: &Answer) -> u64 {
    answer.header("etag").trim_matches('"').parse().unwrap_or_else(|_| panic!("{answer:#?}"))
}

/// Runs all of these side by side.
async fn at_once<F>(all: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    join_all(all.into_iter().map(tokio::spawn)).await.into_iter().map(Result::unwrap).collect()
}
