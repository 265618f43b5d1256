//! Filters, alone and combined with each other, a search and a cursor. The total is exact and depends on
//! neither `first` nor `after`.

use serde_json::{Value, json};

use super::{create, create_tag, execute, list};
use crate::support::{Caller, Stack};

/// Checks that the list with this filter has exactly these customers, on every page.
async fn check(caller: &Caller, filter: &str, expected: &[u32]) {
    let total = expected.len() as u64;
    let ids: Vec<String> = expected.iter().map(|number| format!("cust_{number}")).collect();
    assert_eq!(
        list(caller, &format!("first: 100, filter: {filter}")).await,
        (ids.clone(), total),
        "{filter}"
    );
    if let Some(first) = ids.first() {
        let arguments = format!("first: 1, filter: {filter}");
        assert_eq!(list(caller, &arguments).await, (vec![first.clone()], total), "{filter}");
        let query =
            format!("{{ infiniteCustomers({arguments}) {{ pageInfo {{ hasNextPage endCursor }} }} }}");
        let info = execute(caller, &query, json!({})).await["infiniteCustomers"]["pageInfo"].clone();
        assert_eq!(info["hasNextPage"], total > 1, "{filter}");
        let after = format!("first: 100, after: {}, filter: {filter}", info["endCursor"]);
        assert_eq!(list(caller, &after).await, (ids[1..].to_vec(), total), "{filter}");
    }
}

async fn create_customers(stack: &Stack) -> [String; 2] {
    let tags = [create_tag(&stack.acme, "One").await, create_tag(&stack.acme, "Two").await];
    let [one, two] = &tags;
    for customer in [
        json!({"lastName": "Smith", "city": "Austin", "state": "TX", "zipCode": "78701", "email": "a@example.com"}),
        json!({"lastName": "Smythe", "city": "São Paulo", "status": "LEAD", "tagIds": [one], "quickbooksId": "QB-1"}),
        json!({"lastName": "Austin", "city": "Austin City", "state": "tx", "status": "INACTIVE", "tagIds": [two, one]}),
        json!({"lastName": "Jones", "city": "AUSTIN", "zipCode": "78701-1234", "email": "A@EXAMPLE.com"}),
        json!({"companyName": "--", "city": "--", "email": "info@example.com", "quickbooksId": "QB-12"}),
    ] {
        create(&stack.acme, customer).await;
        stack.clock.advance_seconds(60);
    }
    tags
}

#[tokio::test]
async fn filters_work_alone_and_combined() {
    let stack = Stack::start().await;
    let [one, two] = create_customers(&stack).await;
    let acme = &stack.acme;
    check(acme, "{}", &[5, 4, 3, 2, 1]).await;
    check(acme, "{status: ACTIVE}", &[5, 4, 1]).await;
    check(acme, "{statuses: [LEAD, INACTIVE]}", &[3, 2]).await;
    check(acme, "{statuses: [], tagIds: []}", &[5, 4, 3, 2, 1]).await;
    check(acme, "{status: ACTIVE, statuses: [LEAD]}", &[]).await;
    check(acme, &format!("{{tagIds: [\"{one}\"]}}"), &[3, 2]).await;
    check(acme, &format!("{{tagIds: [\"{two}\"]}}"), &[3]).await;
    check(acme, &format!("{{tagIds: [\"{one}\", \"{two}\"], status: LEAD}}"), &[2]).await;
    check(acme, "{city: \"austin\"}", &[4, 1]).await;
    check(acme, "{city: \"sao paulo\"}", &[2]).await;
    check(acme, "{city: \"--\"}", &[5]).await;
    check(acme, "{state: \"TX\"}", &[3, 1]).await;
    check(acme, "{zipCode: \"78701\"}", &[1]).await;
    check(acme, "{email: \"a@example.com\"}", &[4, 1]).await;
    check(acme, "{hasQuickbooksId: true}", &[5, 2]).await;
    check(acme, "{hasQuickbooksId: false}", &[4, 3, 1]).await;
    check(acme, "{city: \"austin\", state: \"tx\", status: ACTIVE, hasQuickbooksId: false}", &[1]).await;
    check(
        acme,
        "{createdAtGte: \"2030-01-15T10:31:00Z\", createdAtLte: \"2030-01-15T10:33:00Z\"}",
        &[4, 3, 2],
    )
    .await;
    check(acme, "{updatedAtLte: \"2030-01-15T11:30:00+01:00\"}", &[1]).await;
    let update = "mutation { updateCustomer(id: \"cust_1\", input: {city: \"Dallas\"}) { id } }";
    execute(acme, update, json!({})).await;
    check(acme, "{city: \"austin\"}", &[4]).await;
    check(acme, "{updatedAtGte: \"2030-01-15T10:35:00Z\"}", &[1]).await;
}

#[tokio::test]
async fn filters_narrow_a_search() {
    let stack = Stack::start().await;
    create_customers(&stack).await;
    let found = |arguments: &'static str| list(&stack.acme, arguments);
    assert_eq!(
        found("first: 10, search: \"austin\"").await,
        (vec!["cust_4".into(), "cust_3".into(), "cust_1".into()], 3)
    );
    assert_eq!(found("first: 10, search: \"austin\", filter: {city: \"Austin\"}").await.1, 2);
    assert_eq!(
        found("first: 1, search: \"austin\", filter: {email: \"a@example.com\", status: ACTIVE}").await.1,
        2
    );
    assert_eq!(found("first: 10, search: \"QB-12\"").await.1, 0);
    assert_eq!(found("first: 10, search: \"  \"").await.1, 5);
}

#[tokio::test]
async fn numbered_pages_accept_selector_filters() {
    let stack = Stack::start().await;
    let [one, two] = create_customers(&stack).await;
    let query = "query($f: CustomerFilters, $g: CustomerFilter) { \
                 paginatedCustomers(selector: {filters: $f}, filter: $g) { data { id } pagination { total } } }";
    let check = async |filters: Value, filter: Value, expected: &[u32]| {
        let page =
            execute(&stack.acme, query, json!({"f": filters, "g": filter})).await["paginatedCustomers"]
                .clone();
        let ids: Vec<Value> = expected.iter().map(|number| json!({"id": format!("cust_{number}")})).collect();
        assert_eq!(page["data"], json!(ids), "{filters}");
        assert_eq!(page["pagination"]["total"], expected.len(), "{filters}");
    };
    check(json!(null), json!(null), &[5, 4, 3, 2, 1]).await;
    check(json!({"status": {"eq": "ACTIVE"}}), json!(null), &[5, 4, 1]).await;
    check(json!({"status": {"in": ["ACTIVE", "LEAD"]}}), json!({"statuses": ["LEAD", "INACTIVE"]}), &[2])
        .await;
    check(json!({"tagIds": {"eq": one}}), json!({"tagIds": [two]}), &[3]).await;
    check(json!({"city": {"in": ["austin", "sao paulo"]}}), json!(null), &[4, 2, 1]).await;
    check(json!({"quickbooksId": {"eq": "QB-1"}}), json!(null), &[2]).await;
    check(json!({"email": {"eq": "info@example.com"}, "city": {"eq": "--"}}), json!(null), &[5]).await;
    check(json!({"createdAt": {"eq": "2030-01-15T10:32:00Z"}}), json!(null), &[3]).await;
    check(
        json!({"updatedAt": {"gte": "2030-01-15T10:33:00Z", "lte": "2030-01-15T10:33:00Z"}}),
        json!(null),
        &[4],
    )
    .await;
}

#[tokio::test]
async fn filtered_pages_continue_where_the_previous_page_ended() {
    let stack = Stack::start().await;
    for number in 0..9 {
        create(&stack.acme, json!({"lastName": format!("No{number}"), "state": "TX", "city": "Austin"}))
            .await;
    }
    for filter in ["state: \"TX\"", "city: \"Austin\""] {
        let page = async |page: u32| {
            let arguments = format!("page: {page}, limit: 3, filter: {{{filter}}}");
            let query = format!("{{ paginatedCustomers({arguments}) {{ data {{ id }} }} }}");
            let data = execute(&stack.acme, &query, json!({})).await;
            let ids = data["paginatedCustomers"]["data"].as_array().unwrap().clone();
            ids.into_iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let first = page(1).await;
        let added = create(&stack.acme, json!({"lastName": "New", "state": "TX", "city": "Austin"})).await;
        let second = page(2).await;
        let seen = [first, second, page(3).await].concat();
        let distinct: std::collections::BTreeSet<&String> = seen.iter().collect();
        assert_eq!((seen.len(), distinct.len()), (9, 9), "{filter}: {seen:?}");
        assert!(!seen.contains(&added));
        assert!(page(1).await.contains(&added), "{filter}");
    }
}
