//! Limits of one document: what it selects repeatedly is executed once, its reads and its response are bounded, and it
//! counts towards the monthly limit.

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::{Value, json};

use clientele_shared::model::Settings;
use clientele_shared::table::keys;

use super::bulk::customers;
use super::{PATH, create, create_tag, error_of, execute, execute_err, list, send};
use crate::support::{Calls, FaultAction, Faults, Response, Stack};

#[tokio::test]
async fn repeated_selections_are_read_once() {
    let faults = Faults::default();
    let stack = Stack::start_with(|config| faults.without_retries(config)).await;
    create(&stack.acme, json!({"firstName": "Ann"})).await;
    let calls = async |query: &str| {
        faults.plan(|_| FaultAction::Pass);
        let data = execute(&stack.acme, query, json!({})).await;
        let mut calls = faults.clear();
        calls.sort();
        (data, calls)
    };
    let fields = "infiniteCustomers(first: 5) { totalCount edges { node { id firstName } } }";
    let once = calls(&format!("{{ {fields} }}")).await;
    let fragments = (0..6).fold(String::new(), |all, n| {
        all + &format!(" fragment f{n} on Query {{ ...f{m} ...f{m} }}", m = n + 1)
    });
    let doubled = format!("{{ ...f0 }} {fragments} fragment f6 on Query {{ {fields} }}");
    assert_eq!(calls(&doubled).await, once);
    // A document that GraphQL would refuse is refused, even if its merged form would not be.
    let invalid = "{ a: me { id } a: tags { id } ...f ...f } fragment f on Query { me { id } }";
    let (code, _) = execute_err(&stack.acme, invalid, json!({})).await;
    assert_eq!(code, "GRAPHQL_VALIDATION_FAILED");
}

#[tokio::test]
async fn repeated_mutation_takes_effect_once() {
    let stack = Stack::start().await;
    let mutation = "mutation { ...f ...f createCustomer(input: {firstName: \"Ann\"}) { firstName } } \
                    fragment f on Mutation { createCustomer(input: {firstName: \"Ann\"}) { id } }";
    let data = execute(&stack.acme, mutation, json!({})).await;
    assert_eq!(data, json!({"createCustomer": {"id": "cust_1", "firstName": "Ann"}}));
    assert_eq!(list(&stack.acme, "first: 5").await.1, 1);
}

#[tokio::test]
async fn searches_of_a_document_are_limited() {
    let stack = Stack::start().await;
    let lists = |count: usize, arguments: &str| {
        let all =
            (0..count).map(|n| format!("l{n}: infiniteCustomers(first: 1{arguments}) {{ totalCount }}"));
        format!("{{ {} }}", all.collect::<Vec<_>>().join(" "))
    };
    execute(&stack.acme, &lists(20, ", search: \"a\""), json!({})).await;
    for arguments in [", search: \"a\"", ", filter: {city: \"x\"}"] {
        let (code, message) = execute_err(&stack.acme, &lists(21, arguments), json!({})).await;
        assert_eq!(code, "GRAPHQL_VALIDATION_FAILED");
        let expected =
            "The document has more than 20 lists with a search or a filter; send them in several documents";
        assert_eq!(message, expected);
    }
    execute(&stack.acme, &lists(100, ""), json!({})).await;
}

#[tokio::test]
async fn response_that_a_lambda_cannot_return_is_refused() {
    let stack = Stack::start().await;
    let id = create(&stack.acme, json!({"firstName": "Ann", "notes": "\"".repeat(6_000)})).await;
    let document = |notes: usize| {
        let aliases = (0..notes).fold(String::new(), |all, n| all + &format!(" n{n}: notes"));
        format!("query($s: CustomerSelector!) {{ customer(selector: $s) {{ {aliases} }} }}")
    };
    let selector = json!({"s": {"id": id}});
    // 24 KB for each, because the escapes of JSON are escaped again where a Lambda returns it.
    execute(&stack.acme, &document(229), selector.clone()).await;
    let (code, message) = execute_err(&stack.acme, &document(230), selector).await;
    assert_eq!(code, "RESPONSE_TOO_LARGE");
    assert_eq!(
        message,
        "The response would be larger than 5.5 MB; lower `first` or `limit`, or select fewer fields"
    );
}

#[tokio::test]
async fn response_too_large_says_that_a_mutation_took_effect() {
    let stack = Stack::start().await;
    let aliases = (0..240).fold(String::new(), |all, n| all + &format!(" n{n}: notes"));
    let query =
        format!("mutation($input: CreateCustomerInput!) {{ createCustomer(input: $input) {{ {aliases} }} }}");
    let input = json!({"input": {"firstName": "Ann", "notes": "\"".repeat(6_000)}});
    let (code, message) = execute_err(&stack.acme, &query, input).await;
    assert_eq!(code, "RESPONSE_TOO_LARGE");
    assert!(message.contains("the changes were made: do not send them again"), "{message}");
    assert_eq!(list(&stack.acme, "first: 5").await.1, 1);
}

#[tokio::test]
async fn customer_has_at_most_100_tags() {
    let stack = Stack::start().await;
    let mut tags = Vec::new();
    for n in 0..101 {
        tags.push(create_tag(&stack.acme, &format!("Tag {n}")).await);
    }
    let id = create(&stack.acme, json!({"firstName": "Ann", "tagIds": tags[..60]})).await;
    let add = "mutation($id: ID!, $tags: [ID!]) {
        updateCustomer(id: $id, input: {addTagIds: $tags}) { tags { id } }
    }";
    let (code, message) = execute_err(&stack.acme, add, json!({"id": id, "tags": tags[1..]})).await;
    assert_eq!((code.as_str(), message.contains("addTagIds")), ("BAD_USER_INPUT", true), "{message}");
    let updated = execute(&stack.acme, add, json!({"id": id, "tags": tags[..100]})).await;
    assert_eq!(updated["updateCustomer"]["tags"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn tags_of_a_list_count_towards_the_complexity() {
    let stack = Stack::start().await;
    let colors: String = (0..100).map(|n| format!(" a{n}: color")).collect();
    for query in [
        format!("{{ tags {{ {colors} }} }}"),
        format!("{{ infiniteCustomers(first: 100) {{ edges {{ node {{ tags {{ {colors} }} }} }} }} }}"),
    ] {
        let message = execute_err(&stack.acme, &query, json!({})).await.1;
        assert_eq!(message, "Query is too complex.");
    }
}

#[tokio::test]
async fn lists_of_a_document_share_one_read_budget() {
    let calls = Calls::default();
    let recorder = calls.clone();
    let stack = Stack::start_with(|config| config.interceptor(recorder)).await;
    stack.settings(Settings { usage_metering: false, ..Settings::default() }).await;
    customers(&stack, 1_100).await;
    // Every customer is a candidate and none matches, so that a list reads as far as its budget lets it.
    let list = |n: usize| {
        format!("l{n}: infiniteCustomers(first: 1, filter: {{hasQuickbooksId: true}}) {{ totalCount }}")
    };
    let mut read = Vec::new();
    for lists in [1, 20] {
        drop(calls.take());
        let all = (0..lists).map(list).collect::<Vec<_>>().join(" ");
        execute(&stack.acme, &format!("{{ {all} }}"), json!({})).await;
        let taken = calls.take();
        let accesses = taken.iter().flat_map(|call| &call.accesses);
        let records = accesses.filter(|access| access.partition.contains("#C#")).count();
        read.push(records);
    }
    assert!(read[0] > 1_000 && read[1] <= 20 * 600, "{read:?} records were read");
}

#[tokio::test]
async fn customer_larger_than_48_kb_is_refused_in_each_dialect() {
    let stack = Stack::start().await;
    let notes = "\u{1F600}".repeat(12_000);
    let query = "mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { id } }";
    let input = json!({"input": {"firstName": "Ann", "notes": notes}});
    let response = send(&stack.acme, query, input).await;
    let message = "notes: makes the customer larger than 48 KB; shorten it";
    assert_eq!(error_of(&response), ("BAD_USER_INPUT".to_owned(), message.to_owned()));
    let body = json!({"first_name": "Ann", "last_name": "Lee", "notes": notes});
    assert_eq!(stack.acme.post("/api/v1/customers", &body).await.error(400), message);
    let company = json!({"input": {"companyName": "x", "quickbooksId": "\u{1F600}"}});
    let id = create(&stack.acme, company["input"].clone()).await;
    let update =
        "mutation($id: ID!, $input: UpdateCustomerInput!) { updateCustomer(id: $id, input: $input) { id } }";
    let (_, found) = execute_err(&stack.acme, update, json!({"id": id, "input": {"notes": notes}})).await;
    assert_eq!(found, message);
    assert_eq!(list(&stack.acme, "first: 5").await.1, 1);
}

#[tokio::test]
async fn phone_is_checked_as_it_is_stored() {
    let stack = Stack::start().await;
    let query =
        "mutation($phone: String) { createCustomer(input: {firstName: \"A\", phone: $phone}) { phone } }";
    for (phone, message) in [
        (format!("555{}", "\n".repeat(300)), "phone: must be one line without control characters"),
        (format!("{}555", " ".repeat(300)), "phone: must be at most 255 characters"),
    ] {
        let (code, found) = execute_err(&stack.acme, query, json!({"phone": phone})).await;
        assert_eq!((code.as_str(), found.as_str()), ("BAD_USER_INPUT", message));
    }
    let data = execute(&stack.acme, query, json!({"phone": " (555) 0123 "})).await;
    assert_eq!(data["createCustomer"]["phone"], " (555) 0123 ");
}

#[tokio::test]
async fn tenant_has_at_most_1000_tags() {
    let stack = Stack::start().await;
    let first = create_tag(&stack.acme, "First").await;
    let key = keys::tag_sequence(&stack.tenant());
    let count = stack.update_item(key);
    count
        .update_expression("ADD #count :more")
        .expression_attribute_names("#count", "count")
        .expression_attribute_values(":more", AttributeValue::N("998".into()))
        .send()
        .await
        .unwrap();
    create_tag(&stack.acme, "Last").await;
    let query = "mutation { createTag(input: {name: \"Too many\"}) { id } }";
    let (code, message) = execute_err(&stack.acme, query, json!({})).await;
    assert_eq!((code.as_str(), message.as_str()), ("CONFLICT", "The tenant has 1000 tags; delete one first"));
    execute(&stack.acme, "mutation($id: ID!) { deleteTag(id: $id) }", json!({"id": first})).await;
    create_tag(&stack.acme, "Next").await;
    execute_err(&stack.acme, query, json!({})).await;
}

#[tokio::test]
async fn monthly_limit_holds_for_documents() {
    let stack = Stack::start().await;
    stack.settings(Settings { usage_limit: 1, ..Settings::default() }).await;
    let create = "mutation { createCustomer(input: {firstName: \"Ann\"}) { id } }";
    let response = send(&stack.acme, create, json!({})).await;
    assert_eq!(response.header("x-usage-count"), "1");
    let response = send(&stack.acme, create, json!({})).await;
    let (code, message) = error_of(&response);
    assert_eq!((response.status.as_u16(), code.as_str()), (403, "FORBIDDEN"));
    assert_eq!(message, "Monthly usage limit of 1 requests exceeded");
    stack.settings(Settings::default()).await;
    assert_eq!(list(&stack.acme, "first: 5").await.1, 1);
}

#[tokio::test]
async fn repeated_requests_are_replayed_whatever_happened_since() {
    let stack = Stack::start().await;
    let tag = create_tag(&stack.acme, "Pool").await;
    let send = async |key: &str, query: &str, variables: Value| -> Response {
        let body = json!({"query": query, "variables": variables}).to_string();
        stack.acme.send(Method::POST, PATH, &[("idempotency-key", key)], body).await
    };
    let create =
        "mutation($t: [ID!]) { createCustomer(input: {firstName: \"A\", tagIds: $t}) { id tags { id } } }";
    let variables = json!({"t": [tag]});
    send("one", create, variables.clone()).await.expect(200);
    execute(&stack.acme, "mutation($id: ID!) { deleteTag(id: $id) }", json!({"id": tag})).await;
    let replayed = send("one", create, variables).await.expect(200);
    assert_eq!(replayed["data"]["createCustomer"], json!({"id": "cust_1", "tags": []}));

    let create_tag = "mutation { createTag(input: {name: \"Weekly\"}) { id name color } }";
    let first = send("two", create_tag, json!({})).await.expect(200);
    assert_eq!(send("two", create_tag, json!({})).await.expect(200), first);
    let other = send("two", "mutation { createTag(input: {name: \"Daily\"}) { id } }", json!({})).await;
    assert_eq!(error_of(&other).0, "CONFLICT");
    let tags = execute(&stack.acme, "{ tags { name } }", json!({})).await;
    assert_eq!(tags["tags"], json!([{"name": "Weekly"}]));
}
