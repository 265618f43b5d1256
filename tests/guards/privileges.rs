//! Least privilege: what the template allows each function is what the function was seen to need, no less and no
//! more. Each endpoint is put through everything it can be asked, its calls are recorded, and every call must be
//! allowed by a statement, every statement used by a call.

use http::Method;
use serde_json::{Value as Json, json};

use clientele_functions_common::App;
use clientele_functions_common::caller::FRESH_SECONDS;
use clientele_shared::model::Settings;
use clientele_shared::store::Store;
use serde_yaml_ng::Value;

use super::template::{self, Function, at, text, texts};
use crate::support::{Access, Calls, Stack, john, numbered};

const CUSTOMERS: &str = "/api/v1/customers";

#[tokio::test]
async fn each_function_may_do_what_it_does_and_nothing_else() {
    let mut faults = Vec::new();
    for function in template::functions() {
        let accesses = accesses_of(&function.name).await;
        faults.extend(compare(&function, &accesses));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Everything a function touches, from its start on.
async fn accesses_of(function: &str) -> Vec<Access> {
    let calls = Calls::default();
    let watch = calls.clone();
    let stack = Stack::start_with(|config| config.interceptor(watch)).await;
    let mut seen = Vec::new();
    start(&stack, &calls).await;
    seen.append(&mut calls.take());
    let mut asked = Asked { stack: &stack, calls: &calls, seen };
    match function {
        "trades-customer-list" => list(&mut asked).await,
        "trades-customer-create" => create(&mut asked).await,
        "trades-customer-get" => get(&mut asked).await,
        "trades-customer-update" => update(&mut asked).await,
        "trades-customer-delete" => delete(&mut asked).await,
        "trades-customer-restore" => restore(&mut asked).await,
        "pool-graphql" => graphql(&mut asked).await,
        "pool-customer-export" => {
            files(&mut asked, &["/customers/export/csv", "/customers/export/csv?status=ACTIVE", FOUND]).await
        }
        "pool-pricing-export" => files(&mut asked, &["/customers/cust_1/pricing/csv"]).await,
        other => {
            panic!("tests/guards/privileges.rs does not exercise {other}: add everything it can be asked")
        }
    }
    let mut accesses: Vec<Access> = asked.seen.into_iter().flat_map(|call| call.accesses).collect();
    accesses.sort();
    accesses.dedup();
    accesses
}

/// What a function does before its first request.
async fn start(stack: &Stack, calls: &Calls) {
    let config = stack.client.config().to_builder().interceptor(calls.clone()).build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    App::new(Store::new(client, &stack.table, stack.clock.ambient())).warm().await;
}

/// The requests to the one function that is looked at; all others are made with [`Asked::elsewhere`].
struct Asked<'a> {
    stack: &'a Stack,
    calls: &'a Calls,
    seen: Vec<crate::support::Call>,
}

impl Asked<'_> {
    /// A request to this function.
    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Json,
        status: u16,
    ) -> Json {
        drop(self.calls.take());
        let answer = self.stack.acme.send(method, path, headers, body.to_string()).await;
        self.seen.append(&mut self.calls.take());
        answer.expect(status)
    }

    /// Makes a customer, by another function; returns its path.
    async fn customer(&self, body: &Json) -> String {
        format!("{CUSTOMERS}/{}", self.stack.acme.create(body).await)
    }
}

const ONCE: [(&str, &str); 1] = [("idempotency-key", "1")];

async fn list(asked: &mut Asked<'_>) {
    for number in 0..12 {
        asked.customer(&numbered(number)).await;
    }
    // The key that was learned above is read again; so in the functions below.
    asked.stack.clock.pass_seconds(FRESH_SECONDS);
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
        asked.ask(Method::GET, &format!("{CUSTOMERS}{query}"), &[], &Json::Null, 200).await;
    }
}

async fn create(asked: &mut Asked<'_>) {
    asked.ask(Method::POST, CUSTOMERS, &[], &john(), 201).await;
    asked.ask(Method::POST, CUSTOMERS, &ONCE, &john(), 201).await;
    asked.ask(Method::POST, CUSTOMERS, &ONCE, &john(), 201).await;
    asked.ask(Method::POST, CUSTOMERS, &ONCE, &numbered(1), 409).await;
    unique_email(asked).await;
    asked.ask(Method::POST, CUSTOMERS, &[], &with_email("new"), 201).await;
    asked.ask(Method::POST, CUSTOMERS, &[], &with_email("new"), 409).await;
}

/// From here on, emails are unique.
async fn unique_email(asked: &Asked<'_>) {
    asked.stack.settings(Settings { unique_email: true, ..Settings::default() }).await;
}

fn with_email(name: &str) -> Json {
    json!({"first_name": "Ann", "last_name": "Doe", "email": format!("{name}@example.com")})
}

async fn get(asked: &mut Asked<'_>) {
    let path = asked.customer(&john()).await;
    asked.stack.clock.pass_seconds(FRESH_SECONDS);
    asked.ask(Method::GET, &path, &[], &Json::Null, 200).await;
    asked.ask(Method::GET, &format!("{path}?include_deleted=true"), &[], &Json::Null, 200).await;
}

async fn update(asked: &mut Asked<'_>) {
    let path = asked.customer(&john()).await;
    asked.stack.clock.pass_seconds(FRESH_SECONDS);
    for (body, headers) in [
        (json!({"notes": "n"}), [].as_slice()),
        (json!({"is_vip": true}), &[]),
        (json!({"last_name": "Smith"}), &[]),
        (json!({"last_name": "Miller"}), &ONCE),
        (json!({"last_name": "Miller"}), &ONCE),
    ] {
        asked.ask(Method::PUT, &path, headers, &body, 200).await;
    }
    unique_email(asked).await;
    asked.customer(&with_email("taken")).await;
    asked.ask(Method::PUT, &path, &[], &json!({"email": "free@example.com"}), 200).await;
    asked.ask(Method::PUT, &path, &[], &json!({"email": "taken@example.com"}), 409).await;
}

async fn delete(asked: &mut Asked<'_>) {
    let (path, other) = (asked.customer(&john()).await, asked.customer(&john()).await);
    asked.stack.clock.pass_seconds(FRESH_SECONDS);
    asked.ask(Method::DELETE, &path, &[], &Json::Null, 200).await;
    asked.ask(Method::DELETE, &other, &ONCE, &Json::Null, 200).await;
    asked.ask(Method::DELETE, &other, &ONCE, &Json::Null, 200).await;
}

async fn restore(asked: &mut Asked<'_>) {
    let (path, other) = (asked.customer(&john()).await, asked.customer(&john()).await);
    for path in [&path, &other] {
        asked.stack.acme.delete(path).await.expect(200);
    }
    asked.stack.clock.pass_seconds(FRESH_SECONDS);
    asked.ask(Method::POST, &format!("{path}/restore"), &[], &Json::Null, 200).await;
    asked.ask(Method::POST, &format!("{other}/restore"), &ONCE, &Json::Null, 200).await;
    asked.ask(Method::POST, &format!("{other}/restore"), &ONCE, &Json::Null, 200).await;
    unique_email(asked).await;
    let (free, taken) =
        (asked.customer(&with_email("free")).await, asked.customer(&with_email("taken")).await);
    for path in [&free, &taken] {
        asked.stack.acme.delete(path).await.expect(200);
    }
    asked.customer(&with_email("taken")).await;
    asked.ask(Method::POST, &format!("{free}/restore"), &[], &Json::Null, 200).await;
    asked.ask(Method::POST, &format!("{taken}/restore"), &[], &Json::Null, 409).await;
}

/// Each document in turn; the tag and the customers that later ones name are made by earlier ones.
async fn graphql(asked: &mut Asked<'_>) {
    asked.stack.settings(Settings { pool_extensions: true, ..Settings::default() }).await;
    for document in [
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
        "{ paginatedCustomers(limit: 1) { data { id } } }",
        "{ paginatedCustomers(limit: 1, page: 2) { data { id } } }",
        "{ customer(selector: {id: \"cust_1\"}) { id } tags { id } tag(id: \"tag_001\") { id } }",
        "mutation { updateTag(id: \"tag_001\", input: {name: \"b\"}) { id } deleteTag(id: \"tag_001\") }",
        "mutation { deleteCustomer(id: \"cust_1\") }",
    ] {
        let body = json!({ "query": document });
        let answer = asked.ask(Method::POST, "/graphql", &[("idempotency-key", document)], &body, 200).await;
        assert!(answer.get("errors").is_none(), "{document}: {answer}");
    }
}

const FOUND: &str = "/customers/export/csv?search=john";

async fn files(asked: &mut Asked<'_>, paths: &[&str]) {
    asked.customer(&john()).await;
    asked.stack.clock.pass_seconds(FRESH_SECONDS);
    for path in paths {
        drop(asked.calls.take());
        asked.stack.acme.get(path).await.expect_text(200);
        asked.seen.append(&mut asked.calls.take());
    }
}

/// One statement of a policy.
#[derive(Debug)]
struct Statement {
    actions: Vec<String>,
    /// Indexes by name; `None` is the table itself.
    resources: Vec<Option<String>>,
    /// The partition keys it is limited to, with `*` for anything.
    partitions: Vec<String>,
}

impl Statement {
    fn allows(&self, access: &Access) -> bool {
        self.actions.iter().any(|action| action == access.action)
            && self.resources.contains(&access.index)
            && self.partitions.iter().any(|pattern| is_like(&access.partition, pattern))
    }

    /// What none of these accesses needs.
    fn superfluous(&self, accesses: &[&Access]) -> Vec<String> {
        let mut unused = Vec::new();
        for action in &self.actions {
            for resource in &self.resources {
                if !accesses.iter().any(|access| access.action == action && access.index == *resource) {
                    unused.push(format!("{action} on {}", resource.as_deref().unwrap_or("the table")));
                }
            }
        }
        for pattern in &self.partitions {
            if !accesses.iter().any(|access| is_like(&access.partition, pattern)) {
                unused.push(format!("partitions {pattern}"));
            }
        }
        unused
    }
}

/// IAM's `StringLike`, with `*` as the only wildcard.
fn is_like(text: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => text == pattern,
        Some((start, rest)) => {
            let Some(text) = text.strip_prefix(start) else { return false };
            (0..=text.len()).filter_map(|at| text.get(at..)).any(|text| is_like(text, rest))
        }
    }
}

/// What is missing in a function's policies, and what is in them for nothing.
fn compare(function: &Function, accesses: &[Access]) -> Vec<String> {
    let statements = statements(function);
    let mut used: Vec<Vec<&Access>> = vec![Vec::new(); statements.len()];
    let mut faults = Vec::new();
    for access in accesses {
        // The first statement that allows it is the one that is needed for it.
        match statements.iter().position(|statement| statement.allows(access)) {
            Some(at) => used[at].push(access),
            None => faults.push(format!("{} may not, and must: {access:?}", function.name)),
        }
    }
    for (statement, used) in statements.iter().zip(used) {
        for superfluous in statement.superfluous(&used) {
            faults.push(format!("{} may, and never does: {superfluous} ({statement:?})", function.name));
        }
    }
    faults
}

/// The statements that hold for a function, those that it shares with others first.
fn statements(function: &Function) -> Vec<Statement> {
    let policies = at(&function.properties, &["Policies"]).as_sequence().unwrap();
    let shared = policies.iter().filter_map(Value::as_str).map(template::resource);
    let shared: Vec<Value> =
        shared.map(|policy| at(&policy, &["Properties", "PolicyDocument", "Statement"]).clone()).collect();
    let own = policies.iter().filter(|policy| policy.as_str().is_none());
    let own: Vec<Value> = own.map(|policy| at(policy, &["Statement"]).clone()).collect();
    let all = shared.iter().chain(&own).flat_map(|statements| statements.as_sequence().unwrap());
    all.map(|statement| read(&function.name, statement)).collect()
}

fn read(function: &str, statement: &Value) -> Statement {
    assert_eq!(text(statement, &["Effect"]), "Allow", "{function}");
    let resource = at(statement, &["Resource"]);
    let resources = texts(resource);
    let place = |resource: String| match resource.strip_prefix("${Table.Arn}/index/") {
        Some(index) => Some(index.to_owned()),
        None => {
            assert_eq!(
                resource, "Table.Arn",
                "{function}: a resource that is neither the table nor an index"
            );
            None
        }
    };
    let conditions = at(statement, &["Condition"]).as_mapping().unwrap();
    let partitions = conditions.iter().flat_map(|(operator, condition)| {
        let operator = operator.as_str().unwrap();
        let known = ["ForAllValues:StringLike", "ForAllValues:StringEquals"];
        assert!(known.contains(&operator), "{function}: the guard does not know the condition {operator}");
        texts(at(condition, &["dynamodb:LeadingKeys"]))
    });
    Statement {
        actions: texts(at(statement, &["Action"])),
        partitions: partitions.collect(),
        resources: resources.into_iter().map(place).collect(),
    }
}

#[test]
fn a_pattern_is_matched_as_iam_does() {
    for (text, pattern, expected) in [
        ("T#acme#WALK#1", "T#*#WALK#*", true),
        ("T#acme#ONCE#1", "T#*#WALK#*", false),
        ("T#acme#USAGE", "T#*#USAGE", true),
        ("T#acme#USAGE#x", "T#*#USAGE", false),
        ("KEYS", "KEYS", true),
        ("KEYS2", "KEYS", false),
    ] {
        assert_eq!(is_like(text, pattern), expected, "{text} {pattern}");
    }
}

#[test]
fn what_is_missing_and_what_is_superfluous_is_told() {
    let policies = "Policies: [{ Statement: [{ Effect: Allow, Action: [dynamodb:GetItem, dynamodb:DeleteItem], \
                    Resource: !GetAtt Table.Arn, \
                    Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['T#*'] } } }] }]";
    let properties = serde_yaml_ng::from_str(policies).unwrap();
    let function = Function { id: "X".into(), name: "x".into(), properties };
    let access = |action, partition: &str| Access { action, index: None, partition: partition.into() };
    let accesses = [
        access("dynamodb:GetItem", "T#acme#C#1"),
        access("dynamodb:GetItem", "KEYS"),
        access("dynamodb:PutItem", "T#acme#C#1"),
    ];
    let faults = compare(&function, &accesses);
    let beginnings = [
        "x may not, and must: Access { action: \"dynamodb:GetItem\", index: None, partition: \"KEYS\" }",
        "x may not, and must: Access { action: \"dynamodb:PutItem\"",
        "x may, and never does: dynamodb:DeleteItem on the table",
    ];
    assert_eq!(faults.len(), beginnings.len(), "{faults:?}");
    for (fault, beginning) in faults.iter().zip(beginnings) {
        assert!(fault.starts_with(beginning), "{fault}");
    }
}
