//! Property test: after any import of prices, each customer's pricing on each day follows the rule.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

use clientele_shared::csv::{guarded, rows};
use clientele_shared::model::{Customer, Date, Mode, Money, Price, ProductId, Tenant, Timestamp};
use clientele_shared::rules::pricing::{PricedProduct, effective_price, resolve_price};
use clientele_sync_agent::import::{ImportOptions, Importer};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::engine::{Engine, counts, id};
use crate::prices::prices;
use crate::pricing::pricing;

/// The owner of a price: the price list, or one of two customers.
type Owner = Option<usize>;
type Entries = BTreeMap<(Owner, ProductId, Option<Date>), Price>;

const DAYS: std::ops::Range<i64> = 19_700..19_712;

fn day(number: i64) -> Date {
    Timestamp::from_millis(number * 86_400_000).date()
}

fn any_text() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[=+@'-]?[a-zé#$,\";][a-zé#$,\"; ]{0,4}[a-zé0-9]")
}

fn any_entries() -> impl Strategy<Value = Entries> {
    let product = "[=+'@-]?[ab #$!\"]{0,2}[abé]".prop_map(|text| text.parse().unwrap());
    let key = (prop::option::of(0_usize..2), product, prop::option::of(DAYS.prop_map(day)));
    let currency = prop::sample::select(vec!["USD", "EUR"]);
    let price =
        (any_text(), any_text(), 0_i64..100_000, currency).prop_map(|(kind, name, cents, currency)| Price {
            effective_from: None,
            service_type: kind,
            name,
            amount: Money::from_cents(cents),
            currency: currency.parse().unwrap(),
        });
    prop::collection::btree_map(key, price, 0..60).prop_map(|entries| {
        let dated = |((owner, product, from), price): ((Owner, ProductId, Option<Date>), Price)| {
            let price = Price { effective_from: from, ..price };
            ((owner, product, from), price)
        };
        entries.into_iter().map(dated).collect()
    })
}

/// Returns the prices as a file, in which rows name each customer by id, uuid and email in turn.
fn file(entries: &Entries, customers: &[Customer]) -> String {
    let header = [
        "currency",
        "customerId",
        "productId",
        "serviceType",
        "name",
        "defaultPrice",
        "customerPrice",
        "effectiveFrom",
    ];
    let mut lines = vec![header.map(str::to_owned)];
    for (at, ((owner, product, from), price)) in entries.iter().enumerate() {
        let customer = owner.map(|owner| &customers[owner]);
        let name = customer.map(|customer| match at % 3 {
            0 => customer.number.to_customer_id(),
            1 => customer.uuid.to_string(),
            _ => customer.fields.email.clone().unwrap(),
        });
        let amount = price.amount.to_string();
        let (default, own) = if owner.is_some() { ("999", amount.as_str()) } else { (amount.as_str(), "") };
        let cells = [
            price.currency.to_string(),
            name.unwrap_or_default(),
            product.to_string(),
            price.service_type.clone().unwrap_or_default(),
            price.name.clone().unwrap_or_default(),
            default.to_owned(),
            own.to_owned(),
            from.map(|day| day.to_string()).unwrap_or_default(),
        ];
        lines.push(cells.map(|cell| guarded(Cow::Owned(cell)).into_owned()));
    }
    String::from_utf8(rows(lines).unwrap()).unwrap()
}

/// Computes a customer's pricing directly from the rule.
fn expected_pricing(entries: &Entries, customer: usize, on: Date) -> Vec<PricedProduct> {
    let products: BTreeSet<&ProductId> = entries.keys().map(|(_, product, _)| product).collect();
    let of = |owner: Owner, product: &ProductId| {
        let prices = entries
            .iter()
            .filter(|((entry_owner, entry_product, _), _)| *entry_owner == owner && entry_product == product);
        effective_price(prices.map(|(_, price)| price.clone()), on)
    };
    let rows = products
        .into_iter()
        .map(|product| resolve_price(product.clone(), of(None, product), of(Some(customer), product)));
    rows.flatten().collect()
}

/// Imports the prices for a new tenant, and checks its customers' pricing.
async fn check(engine: &Engine, tenant: &str, entries: &Entries) -> Result<(), TestCaseError> {
    engine.store.tenant_create(&id(tenant)).await.unwrap();
    let customers =
        [engine.customer(tenant, "ann@example.com").await, engine.customer(tenant, "bob@example.com").await];
    let path = engine.file("prices.csv", &file(entries, &customers));
    let importer =
        Importer::new(engine.store.clone(), id(tenant), Mode::Live, prices(None), ImportOptions::default());
    let outcome = importer.run(&path, &mut |_| {}).await.unwrap();
    prop_assert_eq!(outcome.counts, counts(entries.len() as u64, 0, 0));
    for (at, customer) in customers.iter().enumerate() {
        for on in [DAYS.start - 1, DAYS.start + 4, DAYS.end] {
            let live = Tenant::new(&id(tenant), Mode::Live);
            let read = pricing(engine, &live, customer.uuid, day(on)).await;
            prop_assert_eq!(read, expected_pricing(entries, at, day(on)));
        }
    }
    Ok(())
}

#[test]
fn imported_prices_give_the_pricing_that_the_rule_computes() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let engine = runtime.block_on(Engine::start());
    let cases = AtomicU32::new(0);
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&any_entries(), |entries| {
        let tenant = format!("t{}", cases.fetch_add(1, Ordering::Relaxed));
        runtime.block_on(check(&engine, &tenant, &entries))
    });
    assert_eq!(outcome, Ok(()));
}
