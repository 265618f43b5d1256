//! Queries, reads by id, and change data capture.

use clientele_sync_agent::quickbooks::{Entity, Object, quoted};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::stand_in::{Company, create};

fn ids(objects: &[Object]) -> Vec<&str> {
    objects.iter().map(|object| object["Id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn names_with_quotes_and_backslashes_are_found() {
    let company = Company::start().await;
    let client = company.client();
    let name = r"O'Neill \ Sons + 50% & é";
    let created = client.batch("a", &[create(name)]).await.unwrap().remove(0).unwrap();
    let query = format!("SELECT * FROM Customer WHERE DisplayName = {}", quoted(name));
    let found = client.query(&query).await.unwrap();
    assert_eq!(ids(&found), ids(&[created]));
    assert_eq!(
        client.query("SELECT * FROM Customer WHERE DisplayName = 'none'").await.unwrap(),
        [] as [Object; 0]
    );
    let error = client.query_count(&query).await.unwrap_err();
    assert!(error.to_string().contains("no count"), "{error}");
}

#[tokio::test]
async fn objects_are_found_by_id_in_chunks_with_inactive_ones() {
    let company = Company::start().await;
    let client = company.client();
    let mut ids: Vec<String> = Vec::new();
    for batch in 0..4 {
        let items: Vec<_> = (0..30).map(|n| create(&format!("C{batch}-{n}"))).collect();
        let created = client.batch(&format!("b{batch}"), &items).await.unwrap();
        ids.extend(created.into_iter().map(|object| object.unwrap()["Id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(ids.len(), 120);
    company.edit("deactivate", "Customer", json!({ "Id": ids[7] })).await;
    let asked: Vec<String> = ids.iter().cloned().chain(["999999".to_owned()]).collect();
    let reads = client.calls().reads;
    let found = client.objects_by_id(Entity::Customer, &asked).await.unwrap();
    assert_eq!((found.len(), client.calls().reads - reads), (120, 2));
    assert!(found.iter().any(|customer| customer["Active"] == false));
    let invoices = client.objects_by_id(Entity::Invoice, &["1".to_owned()]).await;
    assert!(invoices.is_ok(), "{invoices:?}");
}

#[tokio::test]
async fn changes_contain_changed_and_deleted_objects() {
    for boundary in ["inclusive", "exclusive"] {
        let company = Company::start().await;
        company.switch("cdc_boundary", json!(boundary));
        company.set_speed(0.0);
        let client = company.client();
        let entities = [Entity::Customer, Entity::Invoice, Entity::Vendor];
        company.advance(100);
        let before = client.cdc(&entities, company_time(&client).await).await.unwrap();
        assert_eq!((before.objects.len(), before.deleted.len(), before.is_truncated), (0, 0, false));
        // The change happens in the second of the checkpoint.
        let customer = client.batch("a", &[create("Ann")]).await.unwrap().remove(0).unwrap();
        let invoices = client.query("SELECT * FROM Invoice").await.unwrap();
        let invoice = invoices[0]["Id"].as_str().unwrap();
        company.edit("delete", "Invoice", json!({ "Id": invoice })).await;
        let changes = client.cdc(&entities, before.at).await.unwrap();
        assert_eq!(ids(&changes.objects[&Entity::Customer]), ids(&[customer]), "{boundary}");
        assert_eq!(changes.deleted[&Entity::Invoice], [invoice], "{boundary}");
        assert!(!changes.objects.contains_key(&Entity::Vendor));
        assert!(changes.at >= before.at);
    }
}

/// Returns the company's time.
async fn company_time(
    client: &clientele_sync_agent::quickbooks::QuickBooks,
) -> clientele_shared::model::Timestamp {
    let mut pages = client.query_all(Entity::Vendor);
    pages.next_page().await.unwrap();
    pages.started_at().unwrap()
}

#[tokio::test]
async fn full_response_of_changes_is_reported_as_truncated() {
    let company = Company::start().await;
    let client = company.client();
    let start = company_time(&client).await;
    for batch in 0..34 {
        let items: Vec<_> = (0..30).map(|n| create(&format!("C{batch}-{n}"))).collect();
        client.batch(&format!("b{batch}"), &items).await.unwrap();
    }
    let changes = client.cdc(&[Entity::Customer], start).await.unwrap();
    assert!(changes.is_truncated && changes.objects[&Entity::Customer].len() == 1000);
}

#[tokio::test]
async fn amounts_of_money_keep_their_digits() {
    let company = Company::start().await;
    let client = company.client();
    for amount in ["1234.56", "0.1", "99999999999.99", "19.99"] {
        let line = json!({
            "DetailType": "SalesItemLineDetail",
            "Amount": serde_json::from_str::<Value>(amount).unwrap(),
            "SalesItemLineDetail": { "ItemRef": { "value": "1" } },
        });
        let invoice = json!({ "CustomerRef": { "value": "1" }, "Line": [line] });
        let created = company.edit("create", "Invoice", invoice).await;
        let id = created["Id"].as_str().or(created["Invoice"]["Id"].as_str()).unwrap().to_owned();
        let found = client.objects_by_id(Entity::Invoice, &[id]).await.unwrap();
        assert_eq!(found[0]["Line"][0]["Amount"].to_string(), amount);
    }
}

proptest! {
    #[test]
    fn amounts_of_up_to_fifteen_digits_survive_json(cents in 1_u64..1_000_000_000_000_000) {
        let text = format!("{}.{:02}", cents / 100, cents % 100);
        let number: Value = serde_json::from_str(&text).unwrap();
        let (whole, fraction) = (cents / 100, format!("{:02}", cents % 100));
        let fraction = fraction.strip_suffix('0').filter(|rest| !rest.is_empty()).unwrap_or(&fraction);
        prop_assert_eq!(number.to_string(), format!("{whole}.{fraction}"));
    }
}
