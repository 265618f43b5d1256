//! The language of `query`: conditions, searches, and warnings. Orders are tested by the walks.

use serde_json::json;

use super::{create, execute, list, list_response, person};
use crate::support::Stack;

#[tokio::test]
async fn conditions_select_customers() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    let mut ann = person("Ann", "Lee", "ann@example.com");
    (ann["tags"], ann["accepts_marketing"]) = (json!(["VIP"]), json!(true));
    create(acme, ann).await;
    stack.clock.advance_seconds(8 * 86_400);
    let mut bob = person("Bob", "Leek", "bob@example.com");
    bob["tags"] = json!(["vip", "big spender"]);
    create(acme, bob).await;
    stack.clock.advance_seconds(3_600);
    create(acme, person("Zoë", "O'Neil", "zoe@example.com")).await;
    for (query, expected) in [
        ("", vec![3, 2, 1]),
        ("order_dir:asc", vec![1, 2, 3]),
        // The last term of a key wins.
        ("order_dir:asc order_by:email order_dir:desc", vec![3, 2, 1]),
        ("tags:VIP", vec![2, 1]),
        ("tags:\"big spender\"", vec![2]),
        ("email:ANN@example.com", vec![1]),
        ("accepts_marketing:true", vec![1]),
        ("accepts_marketing:FALSE order_dir:asc", vec![2, 3]),
        ("last_week", vec![3, 2]),
        ("last_month", vec![3, 2, 1]),
        ("created_at:2030-01-15", vec![1]),
        ("created_at:>=2030-01-16", vec![3, 2]),
        ("created_at:>2030-01-15 created_at:<2030-01-23T11:00:00Z", vec![2]),
        ("created_at:<2030-01-15", vec![]),
        ("lee", vec![2, 1]),
        ("lee ann", vec![1]),
        ("oneil", vec![3]),
        ("tags:vip lee order_by:first_name order_dir:asc", vec![1, 2]),
        ("order_by:last_name order_dir:desc accepts_marketing:false", vec![3, 2]),
    ] {
        assert_eq!(list(acme, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn what_is_ignored_is_reported() {
    let stack = Stack::start().await;
    create(&stack.acme, person("Ann", "Lee", "ann@example.com")).await;
    for (query, expected, warning) in [
        ("product_id:\"15858\"", vec![1], "query: the unknown key `product_id` is ignored"),
        ("tags:none", vec![], "query: no tag has the name that `tags:` asks for"),
    ] {
        let response = list_response(&stack.acme, query).await.expect(200);
        assert_eq!(super::numbers(&response["data"]["customers"]), expected, "{query}");
        assert_eq!(response["extensions"], json!({ "warnings": [warning] }));
    }
}

#[tokio::test]
async fn pages_follow_the_relay_specification() {
    let stack = Stack::start().await;
    for n in 1..=5 {
        create(&stack.acme, person("A", &n.to_string(), &format!("{n}@example.com"))).await;
    }
    let page = async |after: &serde_json::Value| {
        let document = "query($after: String) { pagination: customers(query: \"order_by:email order_dir:asc\", first: 2, \
                        after: $after) { edges { node { _id } cursor } \
                        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
        execute(&stack.acme, document, json!({ "after": after })).await["pagination"].clone()
    };
    let mut after = json!(null);
    for (expected, has_next) in [(vec![1, 2], true), (vec![3, 4], true), (vec![5], false)] {
        let list = page(&after).await;
        let (edges, info) = (list["edges"].as_array().unwrap(), &list["pageInfo"]);
        assert_eq!(super::numbers(&list), expected);
        assert_eq!(
            (&info["hasNextPage"], &info["hasPreviousPage"]),
            (&json!(has_next), &json!(!after.is_null()))
        );
        assert_eq!(info["startCursor"], edges[0]["cursor"]);
        assert_eq!(info["endCursor"], edges[edges.len() - 1]["cursor"]);
        after = info["endCursor"].clone();
    }
    let end = page(&after).await;
    let nothing =
        json!({"hasNextPage": false, "hasPreviousPage": true, "startCursor": null, "endCursor": null});
    assert_eq!((&end["edges"], &end["pageInfo"]), (&json!([]), &nothing));
    // No customer is left before the page.
    let first = page(&json!(null)).await["edges"][0]["cursor"].clone();
    execute(&stack.acme, "mutation { deleteCustomers(items: [1]) }", json!({})).await;
    assert_eq!(page(&first).await["pageInfo"]["hasPreviousPage"], false);
}

#[tokio::test]
async fn page_has_25_customers_unless_asked_and_at_most_250() {
    let stack = Stack::start().await;
    super::walks::import(&stack, 260).await;
    let page = async |arguments: &str| {
        let document = format!("{{ customers(query: \"\"{arguments}) {{ edges {{ node {{ _id }} }} }} }}");
        super::numbers(&execute(&stack.acme, &document, json!({})).await["customers"]).len()
    };
    assert_eq!(page("").await, 25);
    assert_eq!(page(", first: 250").await, 250);
    assert_eq!(page(", first: 100000").await, 250);
}
