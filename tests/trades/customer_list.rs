//! `trades-customer-list`: GET /api/v1/customers.

use serde_json::{Value, json};

use crate::support::{Stack, john, numbered};

fn last_names(list: &Value) -> Vec<String> {
    let customers = list["customers"].as_array().unwrap();
    customers.iter().map(|customer| customer["last_name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn list_matches_the_specification() {
    let stack = Stack::start().await;
    let uuid = stack.acme.create(&john()).await;
    let list = stack.acme.get("/api/v1/customers?filter=residential&search=john").await.data();
    assert_eq!(list["pagination"], json!({"page": 1, "limit": 50, "total": 1, "total_pages": 1}));
    let one = stack.acme.get(&format!("/api/v1/customers/{uuid}")).await.data();
    assert_eq!(list["customers"], json!([one]));
}

#[tokio::test]
async fn pages_list_the_newest_customers_first() {
    let stack = Stack::start().await;
    for number in 1..=5 {
        stack.acme.create(&numbered(number)).await;
    }
    let pages = [vec!["No00005", "No00004"], vec!["No00003", "No00002"], vec!["No00001"], vec![]];
    for (at, expected) in pages.iter().enumerate() {
        let list = stack.acme.get(&format!("/api/v1/customers?limit=2&page={}", at + 1)).await.data();
        assert_eq!(last_names(&list), *expected);
        assert_eq!(list["pagination"], json!({"page": at + 1, "limit": 2, "total": 5, "total_pages": 3}));
    }
}

#[tokio::test]
async fn large_limits_are_clamped_and_invalid_parameters_are_rejected() {
    let stack = Stack::start().await;
    assert_eq!(stack.acme.get("/api/v1/customers?limit=500").await.data()["pagination"]["limit"], 100);
    let huge = "/api/v1/customers?page=9223372036854775807&limit=100";
    assert_eq!(stack.acme.get(huge).await.data()["customers"], json!([]));
    for (query, field) in [
        ("page=0&limit=50", "page"),
        ("page=-1", "page"),
        ("page=x", "page"),
        ("page=1.5", "page"),
        ("page=9223372036854775808", "page"),
        ("page=99999999999999999999999999", "page"),
        ("limit=0", "limit"),
        ("limit=abc", "limit"),
        ("include_deleted=maybe", "include_deleted"),
        ("cursor=x", "cursor"),
    ] {
        let response = stack.acme.get(&format!("/api/v1/customers?{query}")).await;
        assert_eq!(response.invalid_fields(), [field], "{query}");
    }
    let response = stack.acme.get("/api/v1/customers?filter=pool").await;
    assert_eq!(response.error(400), "Invalid filter value");
    assert_eq!(response.body, r#"{"success":false,"error":"Invalid filter value"}"#);
}

#[tokio::test]
async fn filters_are_case_insensitive_and_blank_parameters_are_ignored() {
    let stack = Stack::start().await;
    stack.acme.create(&json!({"first_name": "A", "last_name": "Home"})).await;
    stack.acme.create(&json!({"first_name": "B", "last_name": "Shop", "customer_type": "Commercial"})).await;
    stack.acme.create(&json!({"first_name": "C", "last_name": "Star", "is_vip": true})).await;
    for (filter, expected) in [
        ("Residential", vec!["Star", "Home"]),
        ("COMMERCIAL", vec!["Shop"]),
        ("vip", vec!["Star"]),
        ("all", vec!["Star", "Shop", "Home"]),
        ("", vec!["Star", "Shop", "Home"]),
    ] {
        let list =
            stack.acme.get(&format!("/api/v1/customers?filter={filter}&search=&page=&limit=")).await.data();
        assert_eq!(last_names(&list), expected, "{filter}");
        assert_eq!(list["pagination"]["total"], expected.len(), "{filter}");
    }
}

#[tokio::test]
async fn search_matches_names_phones_emails_addresses_and_ids() {
    let stack = Stack::start().await;
    stack
        .acme
        .create(&json!({
            "first_name": "Luís", "last_name": "Gonçalves", "company_name": "Aeronáutica O'Brien S.A.",
            "email": "luisg@embraer.com.br", "phone": "(206) 555-0123", "physical_city": "São Paulo",
            "physical_address1": "2170 Av. Brigadeiro", "physical_zip": "98101",
        }))
        .await;
    let uuid =
        stack.acme.get("/api/v1/customers").await.data()["customers"][0]["uuid"].as_str().unwrap().to_owned();
    for search in [
        "lui",
        "GONCAL",
        "calves",
        "0123",
        "2065550123",
        "206-555-0123",
        "aeronautica",
        "obrien",
        "O%27Brien",
        "embraer.com",
        "sao",
        "2170",
        "981",
        "cust_1",
        "1",
        "luis%20paulo",
        &uuid,
        &uuid[..8],
        "%2B206",
    ] {
        let list = stack.acme.get(&format!("/api/v1/customers?search={search}")).await.data();
        assert_eq!(list["pagination"]["total"], 1, "{search}");
        assert_eq!(list["customers"][0]["uuid"], uuid, "{search}");
    }
    for search in ["aulo", "luis%20smith", "ui", "cust_2", "gmail", "--"] {
        let list = stack.acme.get(&format!("/api/v1/customers?search={search}")).await.data();
        assert_eq!(list["pagination"]["total"], 0, "{search}");
    }
    let list = stack.acme.get("/api/v1/customers?search=lui&filter=commercial").await.data();
    assert_eq!(list["pagination"]["total"], 0);
}

#[tokio::test]
async fn search_results_are_paged_newest_first() {
    let stack = Stack::start().await;
    for number in 1..=5 {
        stack.acme.create(&numbered(number)).await;
    }
    let mut seen = Vec::new();
    for page in 1..=3 {
        let list =
            stack.acme.get(&format!("/api/v1/customers?search=customer&limit=2&page={page}")).await.data();
        assert_eq!(list["pagination"], json!({"page": page, "limit": 2, "total": 5, "total_pages": 3}));
        seen.extend(last_names(&list));
    }
    assert_eq!(seen, ["No00005", "No00004", "No00003", "No00002", "No00001"]);
}

#[tokio::test]
async fn cursor_continues_where_the_page_ended() {
    let stack = Stack::start().await;
    for number in 1..=5 {
        stack.acme.create(&numbered(number)).await;
    }
    let mut seen = Vec::new();
    let mut path = "/api/v1/customers?limit=2".to_owned();
    loop {
        let response = stack.acme.get(&path).await;
        seen.extend(last_names(&response.data()));
        let cursor = response.header("x-next-cursor");
        if cursor.is_empty() {
            break;
        }
        path = format!("/api/v1/customers?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["No00005", "No00004", "No00003", "No00002", "No00001"]);
}

#[tokio::test]
async fn jump_to_any_page_returns_the_right_customers() {
    let stack = Stack::start().await;
    for number in 1..=30 {
        stack.acme.create(&numbered(number)).await;
    }
    let page = |page: usize| {
        let acme = stack.acme.clone();
        async move { last_names(&acme.get(&format!("/api/v1/customers?limit=3&page={page}")).await.data()) }
    };
    assert_eq!(page(7).await, ["No00012", "No00011", "No00010"]);
    assert_eq!(page(9).await, ["No00006", "No00005", "No00004"]);
    assert_eq!(page(3).await, ["No00024", "No00023", "No00022"]);
    // An insert invalidates the positions that earlier jumps saved.
    stack.acme.create(&numbered(31)).await;
    assert_eq!(page(7).await, ["No00013", "No00012", "No00011"]);
    assert_eq!(page(11).await, ["No00001"]);
}
