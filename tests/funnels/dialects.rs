//! A customer that one dialect writes reads correctly through the other three.

use serde_json::{Value, json};

use super::{create, execute};
use crate::support::Stack;

/// The customer `cust_1` as trades, pool and erp show it.
async fn others(stack: &Stack) -> [Value; 3] {
    let uuid = stack.tenant().customer_uuid(1_u32.try_into().unwrap());
    let trades = stack.acme.get(&format!("/api/v1/customers/{uuid}")).await.data();
    let query = "{ customer(selector: {id: \"cust_1\"}) { firstName lastName companyName email phone street city zipCode \
                 notes tags { name } } }";
    let pool =
        stack.acme.post("/graphql", &json!({ "query": query })).await.expect(200)["data"]["customer"].clone();
    let erp = stack.acme.get("/api/customers/cust_1").await.expect(200)["data"].clone();
    [trades, pool, erp]
}

#[track_caller]
fn check(shown: &Value, expected: &[(&str, Value)]) {
    for (name, value) in expected {
        assert_eq!(&shown[*name], value, "{name}");
    }
}

#[tokio::test]
async fn customer_of_this_dialect_reads_correctly_in_the_others() {
    let stack = Stack::start().await;
    let node = json!({
        "email": "ann@example.com", "phone": "555-0100", "first_name": "Ann", "last_name": "Lee",
        "accepts_marketing": true, "tags": ["VIP"], "notes": "N", "custom": {"company": "Lee & Co"},
        "shipping_address": {"line1": "1 Main St", "city": "Seattle", "zip": "98101"},
        "billing_address": {"line1": "2 Bay Rd"},
    });
    create(&stack.acme, node).await;
    let [trades, pool, erp] = others(&stack).await;
    check(
        &trades,
        &[
            ("first_name", json!("Ann")),
            ("last_name", json!("Lee")),
            ("company_name", json!("Lee & Co")),
            ("email", json!("ann@example.com")),
            ("physical_address1", json!("1 Main St")),
            ("physical_zip", json!("98101")),
            ("billing_address1", json!("2 Bay Rd")),
            ("notes", json!("N")),
        ],
    );
    check(
        &pool,
        &[
            ("companyName", json!("Lee & Co")),
            ("phone", json!("555-0100")),
            ("street", json!("1 Main St")),
            ("tags", json!([{"name": "VIP"}])),
        ],
    );
    check(&erp, &[("name", json!("Lee & Co")), ("email", json!("ann@example.com"))]);
    assert_eq!(erp["shipping_address"]["line1"], "1 Main St");
    // A change in another dialect keeps what only this one shows.
    stack.acme.put("/api/customers/cust_1", &json!({"notes": "M"})).await.expect(200);
    let document = "{ node(id: 1) { ... on Customer { notes accepts_marketing custom } } }";
    let expected = json!({"notes": "M", "accepts_marketing": true, "custom": {"company": "Lee & Co"}});
    assert_eq!(execute(&stack.acme, document, json!({})).await["node"], expected);
}

#[tokio::test]
async fn customers_of_the_other_dialects_read_correctly() {
    let stack = Stack::start().await;
    let acme = &stack.acme;
    acme.create(&json!({
        "first_name": "Ann", "last_name": "Lee", "phone": "206-555-1234", "physical_city": "Seattle",
        "billing_zip": "98101", "notes": "N",
    }))
    .await;
    let tag = "mutation { createTag(input: {name: \"VIP\"}) { id } }";
    acme.post("/graphql", &json!({ "query": tag })).await.expect(200);
    let pool = "mutation { createCustomer(input: {companyName: \"Pools Inc\", street: \"1 Main St\", tagIds: [\"tag_001\"]}) { id } }";
    acme.post("/graphql", &json!({ "query": pool })).await.expect(200);
    let erp = json!({"name": "Acme Ltd", "email": "a@acme.com", "shipping_address": {"line1": "3 Way", "country": "US"}});
    acme.post("/api/customers", &erp).await.expect(201);
    let document = "{ customers(query: \"order_dir:asc\") { edges { node { full_name email phone location notes tags custom \
                    shipping_address { line1 city country } billing_address { zip } } } } }";
    let data = execute(acme, document, json!({})).await;
    let nodes: Vec<&Value> =
        data["customers"]["edges"].as_array().unwrap().iter().map(|edge| &edge["node"]).collect();
    let expected = [
        json!({
            "full_name": "Ann Lee", "email": "", "phone": "206-555-1234", "location": "Seattle", "notes": "N",
            "tags": [], "custom": {}, "shipping_address": {"line1": "", "city": "Seattle", "country": null},
            "billing_address": {"zip": "98101"},
        }),
        json!({
            "full_name": "Pools Inc", "email": "", "phone": "", "location": null, "notes": null, "tags": ["VIP"],
            "custom": {"company": "Pools Inc"}, "shipping_address": {"line1": "1 Main St", "city": "", "country": null},
            "billing_address": null,
        }),
        json!({
            "full_name": "Acme Ltd", "email": "a@acme.com", "phone": "", "location": "US", "notes": null, "tags": [],
            "custom": {"company": "Acme Ltd"}, "shipping_address": {"line1": "3 Way", "city": "", "country": "US"},
            "billing_address": null,
        }),
    ];
    assert_eq!(nodes, expected.iter().collect::<Vec<_>>());
}
