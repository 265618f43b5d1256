//! Least privilege: the template grants each function exactly the permissions that it needs. Each endpoint is
//! exercised with every kind of request and its calls are recorded. Every call must be allowed by a
//! statement, and every statement must be used by a call. Every other test of the suite checks each call of a
//! function against the same statements.

use http::Method;
use serde_json::{Value as Json, json};

use clientele_functions_common::App;
use clientele_functions_common::caller::FRESH_SECONDS;
use clientele_functions_pool::PoolSettings;
use clientele_infra::functions;
use clientele_shared::model::Settings;
use clientele_shared::store::Store;

pub(crate) use self::policy::allows;
use self::policy::compare;
pub(super) use self::policy::is_of_secrets;
use super::template;
use crate::support::{Access, Calls, Stack, john, numbered};

#[path = "privileges_erp.rs"]
mod erp;
#[path = "privileges_policy.rs"]
mod policy;
#[path = "privileges_quickbooks.rs"]
mod quickbooks;
#[path = "privileges_scheduled.rs"]
mod scheduled;

const CUSTOMERS: &str = "/api/v1/customers";

#[tokio::test]
async fn every_function_has_exactly_the_permissions_that_it_uses() {
    let mut faults = Vec::new();
    for function in template::functions() {
        let accesses = match function.name.as_str() {
            clientele_sync_agent::scheduled::export::NAME => scheduled::export().await,
            clientele_sync_agent::scheduled::sync::NAME => scheduled::sync().await,
            name => accesses_of(name).await,
        };
        faults.extend(compare(&function, &accesses));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Returns every access of a function, including those at its start.
async fn accesses_of(function: &str) -> Vec<Access> {
    let calls = Calls::default();
    let recorder = calls.clone();
    let stack = Stack::start_with(|config| config.interceptor(recorder)).await;
    let mut seen = Vec::new();
    start(function, &stack, &calls).await;
    seen.append(&mut calls.take());
    let mut exerciser = Exerciser { stack: &stack, calls: &calls, seen };
    match function {
        "erp-customer-list" => erp::list(&mut exerciser).await,
        "erp-customer-create" => erp::create(&mut exerciser).await,
        "erp-customer-get" => erp::get(&mut exerciser).await,
        "erp-customer-update" => erp::update(&mut exerciser).await,
        "erp-contact-create" => erp::contact(&mut exerciser, Method::POST, "", 201).await,
        "erp-contact-update" => erp::contact(&mut exerciser, Method::PUT, "/cont_1", 200).await,
        "erp-contact-delete" => erp::contact(&mut exerciser, Method::DELETE, "/cont_1", 200).await,
        "erp-credit-check" => erp::credit_check(&mut exerciser).await,
        "erp-order-list" => erp::orders(&mut exerciser, &erp::ORDER_QUERIES).await,
        "erp-analytics-get" => erp::orders(&mut exerciser, &erp::ANALYTICS_QUERIES).await,
        "trades-customer-list" => list(&mut exerciser).await,
        "trades-customer-create" => create(&mut exerciser).await,
        "trades-customer-get" => get(&mut exerciser).await,
        "trades-customer-update" => update(&mut exerciser).await,
        "trades-customer-delete" => delete(&mut exerciser).await,
        "trades-customer-restore" => restore(&mut exerciser).await,
        "funnels-graphql" => graphql(&mut exerciser, crate::funnels::PATH, &FUNNELS_DOCUMENTS).await,
        "pool-graphql" => pool(&mut exerciser).await,
        "pool-customer-export" => {
            files(
                &mut exerciser,
                &["/customers/export/csv", "/customers/export/csv?status=ACTIVE", EXPORT_BY_SEARCH],
            )
            .await
        }
        "quickbooks-webhook" => quickbooks::webhook(&mut exerciser).await,
        "pool-pricing-export" => files(&mut exerciser, &["/customers/cust_1/pricing/csv"]).await,
        other => {
            panic!(
                "tests/guards/privileges.rs does not exercise {other}; add every kind of request that it accepts"
            )
        }
    }
    let mut accesses: Vec<Access> = exerciser.seen.into_iter().flat_map(|call| call.accesses).collect();
    accesses.sort();
    accesses.dedup();
    accesses
}

/// Warms up as a function does before its first request.
async fn start(function: &str, stack: &Stack, calls: &Calls) {
    let config = stack.client.config().to_builder().interceptor(calls.clone()).build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    let store = Store::new(client, &stack.table, stack.clock.ambient());
    match functions::webhook_endpoints().find(|endpoint| endpoint.name == function) {
        Some(endpoint) => (endpoint.connect)(&store).await.unwrap(),
        None => App::new(store).warm().await,
    }
}

/// Sends requests to the function under test and records its calls. Calls of other functions are discarded.
struct Exerciser<'a> {
    stack: &'a Stack,
    calls: &'a Calls,
    seen: Vec<crate::support::Call>,
}

impl Exerciser<'_> {
    /// Sends a request to the function under test and records its calls.
    async fn request(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Json,
        status: u16,
    ) -> Json {
        drop(self.calls.take());
        let response = self.stack.acme.send(method, path, headers, body.to_string()).await;
        self.seen.append(&mut self.calls.take());
        response.expect(status)
    }

    /// Creates a customer through another function and returns its path.
    async fn customer(&self, body: &Json) -> String {
        format!("{CUSTOMERS}/{}", self.stack.acme.create(body).await)
    }
}

const IDEMPOTENCY_KEY: [(&str, &str); 1] = [("idempotency-key", "1")];

async fn list(exerciser: &mut Exerciser<'_>) {
    for number in 0..12 {
        exerciser.customer(&numbered(number)).await;
    }
    // The function reads the API key again, because its cached key is stale now. The same applies below.
    exerciser.stack.clock.advance_seconds(FRESH_SECONDS);
    for query in [
        "",
        "?limit=2",
        "?limit=2&page=2",
        "?limit=2&page=5",
        "?limit=2&page=4",
        "?limit=2&cursor=cust_9",
        "?filter=residential",
        "?filter=vip&include_deleted=true",
        "?search=customer&limit=2&page=3",
    ] {
        exerciser.request(Method::GET, &format!("{CUSTOMERS}{query}"), &[], &Json::Null, 200).await;
    }
}

async fn create(exerciser: &mut Exerciser<'_>) {
    exerciser.request(Method::POST, CUSTOMERS, &[], &john(), 201).await;
    exerciser.request(Method::POST, CUSTOMERS, &IDEMPOTENCY_KEY, &john(), 201).await;
    exerciser.request(Method::POST, CUSTOMERS, &IDEMPOTENCY_KEY, &john(), 201).await;
    exerciser.request(Method::POST, CUSTOMERS, &IDEMPOTENCY_KEY, &numbered(1), 409).await;
    unique_email(exerciser).await;
    exerciser.request(Method::POST, CUSTOMERS, &[], &with_email("new"), 201).await;
    exerciser.request(Method::POST, CUSTOMERS, &[], &with_email("new"), 409).await;
}

/// Turns on unique emails.
async fn unique_email(exerciser: &Exerciser<'_>) {
    exerciser.stack.settings(Settings { unique_email: true, ..Settings::default() }).await;
}

fn with_email(name: &str) -> Json {
    json!({"first_name": "Ann", "last_name": "Doe", "email": format!("{name}@example.com")})
}

async fn get(exerciser: &mut Exerciser<'_>) {
    let path = exerciser.customer(&john()).await;
    exerciser.stack.clock.advance_seconds(FRESH_SECONDS);
    exerciser.request(Method::GET, &path, &[], &Json::Null, 200).await;
    exerciser.request(Method::GET, &format!("{path}?include_deleted=true"), &[], &Json::Null, 200).await;
}

async fn update(exerciser: &mut Exerciser<'_>) {
    let path = exerciser.customer(&john()).await;
    exerciser.stack.clock.advance_seconds(FRESH_SECONDS);
    for (body, headers) in [
        (json!({"notes": "n"}), [].as_slice()),
        (json!({"is_vip": true}), &[]),
        (json!({"last_name": "Smith"}), &[]),
        (json!({"last_name": "Miller"}), &IDEMPOTENCY_KEY),
        (json!({"last_name": "Miller"}), &IDEMPOTENCY_KEY),
    ] {
        exerciser.request(Method::PUT, &path, headers, &body, 200).await;
    }
    unique_email(exerciser).await;
    exerciser.customer(&with_email("taken")).await;
    exerciser.request(Method::PUT, &path, &[], &json!({"email": "free@example.com"}), 200).await;
    exerciser.request(Method::PUT, &path, &[], &json!({"email": "taken@example.com"}), 409).await;
}

async fn delete(exerciser: &mut Exerciser<'_>) {
    let (path, other) = (exerciser.customer(&john()).await, exerciser.customer(&john()).await);
    exerciser.stack.clock.advance_seconds(FRESH_SECONDS);
    exerciser.request(Method::DELETE, &path, &[], &Json::Null, 200).await;
    exerciser.request(Method::DELETE, &other, &IDEMPOTENCY_KEY, &Json::Null, 200).await;
    exerciser.request(Method::DELETE, &other, &IDEMPOTENCY_KEY, &Json::Null, 200).await;
}

async fn restore(exerciser: &mut Exerciser<'_>) {
    let (path, other) = (exerciser.customer(&john()).await, exerciser.customer(&john()).await);
    for path in [&path, &other] {
        exerciser.stack.acme.delete(path).await.expect(200);
    }
    exerciser.stack.clock.advance_seconds(FRESH_SECONDS);
    exerciser.request(Method::POST, &format!("{path}/restore"), &[], &Json::Null, 200).await;
    exerciser.request(Method::POST, &format!("{other}/restore"), &IDEMPOTENCY_KEY, &Json::Null, 200).await;
    exerciser.request(Method::POST, &format!("{other}/restore"), &IDEMPOTENCY_KEY, &Json::Null, 200).await;
    unique_email(exerciser).await;
    let (free, taken) =
        (exerciser.customer(&with_email("free")).await, exerciser.customer(&with_email("taken")).await);
    for path in [&free, &taken] {
        exerciser.stack.acme.delete(path).await.expect(200);
    }
    exerciser.customer(&with_email("taken")).await;
    exerciser.request(Method::POST, &format!("{free}/restore"), &[], &Json::Null, 200).await;
    exerciser.request(Method::POST, &format!("{taken}/restore"), &[], &Json::Null, 409).await;
}

/// Requests of every kind to pool. Earlier documents create the tag and the customers that later ones name.
const POOL_DOCUMENTS: [&str; 16] = [
    "{ me { id } }",
    "mutation { createTag(input: {name: \"a\"}) { id } }",
    "mutation { createCustomer(input: {lastName: \"Smith\", tagIds: [\"tag_001\"]}) { tags { id } } }",
    "mutation { createCustomer(input: {lastName: \"Jones\"}) { id } }",
    "mutation { updateCustomer(id: \"cust_1\", input: {lastName: \"Miller\"}) { id } }",
    "mutation { bulkUpdateCustomers(input: {ids: [\"cust_1\", \"cust_2\"], update: {city: \"Austin\"}}) { success } }",
    "{ infiniteCustomers(first: 1) { edges { node { tags { id } } } totalCount } }",
    "{ infiniteCustomers(first: 1, search: \"miller\") { totalCount } }",
    "{ infiniteCustomers(first: 1, filter: {tagIds: [\"tag_001\"]}) { totalCount } }",
    "{ infiniteCustomers(first: 1, filter: {state: \"TX\"}) { totalCount } }",
    "{ infiniteCustomers(first: 1, filter: {status: ACTIVE}) { totalCount } }",
    "{ paginatedCustomers(limit: 1) { data { id } } }",
    "{ paginatedCustomers(limit: 1, page: 2) { data { id } } }",
    "{ customer(selector: {id: \"cust_1\"}) { id } tags { id } tag(id: \"tag_001\") { id } }",
    "mutation { updateTag(id: \"tag_001\", input: {name: \"b\"}) { id } deleteTag(id: \"tag_001\") }",
    "mutation { deleteCustomer(id: \"cust_1\") }",
];

/// Requests of every kind to funnels.
const FUNNELS_DOCUMENTS: [&str; 9] = [
    "{ account { id } }",
    "mutation { createCustomer(node: {email: \"a@example.com\", phone: \"\", first_name: \"\", last_name: \"Smith\", \
     accepts_marketing: true, tags: [\"a\"]}) { tags expenses } }",
    "mutation { updateCustomer(id: 1, node: {last_name: \"Miller\"}) { _id } }",
    "mutation { updateCustomer(id: 1, node: {last_name: \"Smith\", tags: [\"a\", \"b\"]}) { tags } }",
    "{ customers(query: \"\") { edges { node { tags } } } }",
    "{ customers(query: \"order_by:email tags:a last_week\") { edges { node { expenses } } pageInfo { hasPreviousPage } } }",
    "{ customers(query: \"smith\") { edges { node { _id } } } }",
    "{ node(id: 1) { id ... on Customer { expenses orders { name } } } }",
    "mutation { deleteCustomers(items: [1]) }",
];

/// Sends requests of every kind to pool, with the mutations that only some tenants have.
async fn pool(exerciser: &mut Exerciser<'_>) {
    let settings = PoolSettings { extensions: true, ..PoolSettings::default() };
    exerciser.stack.dialect_settings(&settings).await;
    graphql(exerciser, crate::pool::PATH, &POOL_DOCUMENTS).await;
}

/// Sends the documents in order.
async fn graphql(exerciser: &mut Exerciser<'_>, path: &str, documents: &[&str]) {
    for document in documents {
        let body = json!({ "query": document });
        let response =
            exerciser.request(Method::POST, path, &[("idempotency-key", document)], &body, 200).await;
        assert!(response.get("errors").is_none(), "{document}: {response}");
    }
}

const EXPORT_BY_SEARCH: &str = "/customers/export/csv?search=john";

async fn files(exerciser: &mut Exerciser<'_>, paths: &[&str]) {
    exerciser.customer(&john()).await;
    exerciser.stack.clock.advance_seconds(FRESH_SECONDS);
    for path in paths {
        drop(exerciser.calls.take());
        exerciser.stack.acme.get(path).await.expect_text(200);
        exerciser.seen.append(&mut exerciser.calls.take());
    }
}
