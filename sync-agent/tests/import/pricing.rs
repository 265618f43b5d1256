//! A customer's pricing as read from the table: in order, page by page, and unaffected by other items.

use clientele_shared::model::{
    CustomerFields, Date, Mode, Money, Price, PriceEntry, PriceOwner, Tenant, Timestamp,
};
use clientele_shared::rules::pricing::PricedProduct;
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{Budget, CustomerQuery, PageRequest, Write, WriteOutcome};
use uuid::Uuid;

use crate::engine::{Engine, id};

fn day(number: i64) -> Date {
    Timestamp::from_millis(number * 86_400_000).date()
}

fn entry(owner: PriceOwner, product: &str, from: Option<i64>, cents: i64) -> PriceEntry {
    let price = Price {
        effective_from: from.map(day),
        service_type: None,
        name: None,
        amount: Money::from_cents(cents),
        currency: "USD".parse().unwrap(),
    };
    PriceEntry { owner, product: product.parse().unwrap(), price }
}

/// Returns the customer's complete pricing on a day.
pub(crate) async fn pricing(engine: &Engine, tenant: &Tenant, uuid: Uuid, on: Date) -> Vec<PricedProduct> {
    let mut pricing = engine.store.pricing(tenant, uuid, on);
    let mut all = Vec::new();
    while let Some(products) = pricing.next().await.unwrap() {
        assert!(!products.is_empty() && products.len() <= 500);
        all.extend(products);
    }
    assert_eq!(pricing.next().await.unwrap(), None);
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pricing_has_one_row_per_product_across_pages() {
    let engine = Engine::start().await;
    let tenant = Tenant::new(&id("demo"), Mode::Live);
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let own = PriceOwner::Customer(one);
    let mut entries: Vec<PriceEntry> =
        (0..1_600).map(|n| entry(PriceOwner::List, &format!("{n:04}"), None, n)).collect();
    // One product has more prices than fit on a page, both in the list and of the customer's own.
    for from in 0..1_200 {
        entries.push(entry(PriceOwner::List, "0007", Some(from), 10_000 + from));
        entries.push(entry(own, "0007", Some(from), 20_000 + from));
    }
    entries.push(entry(own, "0007#1", None, 5));
    entries.push(entry(own, "9", Some(5_000), 6));
    entries.push(entry(PriceOwner::Customer(other), "0008", None, 7));
    engine.store.prices_put(&tenant, &entries).await.unwrap();

    let rows = pricing(&engine, &tenant, one, day(1_100)).await;
    assert_eq!(rows.len(), 1_601);
    assert!(rows.is_sorted_by(|a, b| a.product < b.product));
    let seven = rows.iter().find(|row| row.product.as_str() == "0007").unwrap();
    assert_eq!(
        (seven.default_price, seven.customer_price),
        (Some(Money::from_cents(11_100)), Money::from_cents(21_100))
    );
    assert_eq!(seven.effective_from, Some(day(1_100)));
    let extra = rows.iter().find(|row| row.product.as_str() == "0007#1").unwrap();
    assert_eq!((extra.default_price, extra.customer_price), (None, Money::from_cents(5)));
    assert_eq!(rows[1_600].customer_price, Money::from_cents(1_599));
    assert_eq!(pricing(&engine, &tenant, one, day(5_000)).await.len(), 1_602);

    let rows = pricing(&engine, &tenant, other, day(1_100)).await;
    assert_eq!(rows.len(), 1_600);
    assert_eq!(
        (rows[7].customer_price, rows[8].customer_price),
        (Money::from_cents(11_100), Money::from_cents(7))
    );
    let sandbox = Tenant::new(&id("demo"), Mode::Test);
    assert_eq!(pricing(&engine, &sandbox, one, day(1_100)).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_new_or_different_prices_count_as_changed() {
    let engine = Engine::start().await;
    let tenant = Tenant::new(&id("demo"), Mode::Live);
    let entries: Vec<PriceEntry> =
        (0..250).map(|n| entry(PriceOwner::List, &n.to_string(), None, n)).collect();
    engine.store.prices_put(&tenant, &entries[..200]).await.unwrap();
    let changed = engine.store.prices_changed(&tenant, entries.clone()).await.unwrap();
    assert_eq!(changed, entries[200..]);
    let increased = entry(PriceOwner::List, "7", None, 8);
    let entries = vec![entries[6].clone(), increased.clone()];
    let changed = engine.store.prices_changed(&tenant, entries).await.unwrap();
    assert_eq!(changed, [increased]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prices_in_a_customers_partition_do_not_affect_other_items() {
    let engine = Engine::start().await;
    let tenant = Tenant::new(&id("demo"), Mode::Live);
    let customer = CustomerFields { email: Some("ann@example.com".into()), ..CustomerFields::default() };
    let WriteOutcome::Applied(created) =
        engine.store.customer_create(&tenant, customer, Write::plain()).await.unwrap()
    else {
        panic!("the customer already exists");
    };
    let own = PriceOwner::Customer(created.uuid);
    // Product ids that resemble the keys of other items in the partition.
    let products = ["TERM#ann", "CUSTOMER", "#email_ann@example.com"];
    let entries: Vec<PriceEntry> = products.iter().map(|product| entry(own, product, None, 1)).collect();
    engine.store.prices_put(&tenant, &entries).await.unwrap();

    let found = async |text: &str| {
        let query = CustomerQuery { search: SearchQuery::parse(text).unwrap(), ..CustomerQuery::default() };
        let request = PageRequest::after(None, 10);
        let page = engine.store.customers(&tenant, &query, request, Budget::default()).await.unwrap();
        (page.customers.len(), page.total.unwrap().count())
    };
    assert_eq!(found("ann").await, (1, 1));
    let change = |fields| Ok(CustomerFields { email: Some("bob@example.com".into()), ..fields });
    engine.store.customer_update(&tenant, created.uuid, change, Write::plain()).await.unwrap();
    assert_eq!((found("ann").await, found("bob").await), ((0, 0), (1, 1)));
    assert_eq!(engine.customers("demo").await.0.len(), 1);
    assert!(engine.store.customers_by_email(&tenant, "ann@example.com", 10).await.unwrap().is_empty());
    assert_eq!(engine.store.customers_by_email(&tenant, "Bob@Example.com", 10).await.unwrap().len(), 1);

    engine.store.customer_delete(&tenant, created.uuid, Write::plain()).await.unwrap();
    assert!(engine.store.customers_by_email(&tenant, "bob@example.com", 10).await.unwrap().is_empty());
    let rows = pricing(&engine, &tenant, created.uuid, day(0)).await;
    let ids: Vec<&str> = rows.iter().map(|row| row.product.as_str()).collect();
    assert_eq!(ids, ["#email_ann@example.com", "CUSTOMER", "TERM#ann"]);
}
