//! `pool-pricing-export`: GET /customers/{id}/pricing/csv.

use uuid::Uuid;

use clientele_shared::model::{Mode, Price, PriceEntry, PriceOwner, Settings};
use clientele_shared::store::Write;

use super::error_of;
use crate::support::{FaultAction, Faults, Stack, john};

const HEADER: &str = "productId,serviceType,name,defaultPrice,customerPrice,currency,effectiveFrom\r\n";

fn path(number: u32) -> String {
    format!("/customers/cust_{number}/pricing/csv")
}

/// Returns a price in US dollars.
fn price(owner: PriceOwner, product: &str, from: &str, amount: &str, name: &str) -> PriceEntry {
    let price = Price {
        effective_from: (!from.is_empty()).then(|| from.parse().unwrap()),
        service_type: (owner == PriceOwner::List).then(|| "parts".to_owned()),
        name: (!name.is_empty()).then(|| name.to_owned()),
        amount: amount.parse().unwrap(),
        currency: "USD".parse().unwrap(),
    };
    PriceEntry { owner, product: product.parse().unwrap(), price }
}

fn uuid(stack: &Stack, number: u32) -> Uuid {
    stack.tenant().customer_uuid(number.try_into().unwrap())
}

#[tokio::test]
async fn export_lists_the_prices_effective_today() {
    let stack = Stack::start().await;
    for _ in 0..2 {
        stack.acme.create(&john()).await;
    }
    let own = PriceOwner::Customer(uuid(&stack, 1));
    let list = PriceOwner::List;
    let entries = [
        price(list, "filter", "", "10.00", "Filter, large"),
        price(list, "filter", "2020-01-01", "12.50", "Filter, large"),
        // The test clock is in January 2030.
        price(list, "filter", "2031-01-01", "14.00", "Filter, large"),
        price(own, "filter", "2025-06-01", "11.25", ""),
        price(own, "filter", "2030-12-31", "9.00", ""),
        price(list, "-salt", "", "3.00", "=SUM(A1)"),
        price(own, "visit", "", "80.00", "Visit \"before ten\""),
        price(list, "vacuum", "2031-01-01", "400.00", ""),
    ];
    stack.store.prices_put(&stack.tenant(), &entries).await.unwrap();

    let response = stack.acme.get(&path(1)).await;
    let expected = format!(
        "{HEADER}'-salt,parts,'=SUM(A1),3.00,3.00,USD,\r\n\
         filter,parts,\"Filter, large\",12.50,11.25,USD,2025-06-01\r\n\
         visit,,\"Visit \"\"before ten\"\"\",,80.00,USD,\r\n"
    );
    assert_eq!(response.expect_text(200), expected);
    assert_eq!(response.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(response.header("content-disposition"), "attachment; filename=\"customer-pricing.csv\"");
    let other = stack.acme.get(&path(2)).await;
    let expected = format!(
        "{HEADER}'-salt,parts,'=SUM(A1),3.00,3.00,USD,\r\n\
         filter,parts,\"Filter, large\",12.50,12.50,USD,2020-01-01\r\n"
    );
    assert_eq!(other.expect_text(200), expected);
    let sandbox = stack.caller("acme", Mode::Test, "read,write,export").await;
    sandbox.create(&john()).await;
    assert_eq!(sandbox.get(&path(1)).await.expect_text(200), HEADER);
}

#[tokio::test]
async fn unknown_customers_and_missing_scopes_get_json_errors() {
    let stack = Stack::start().await;
    stack.acme.create(&john()).await;
    stack.acme.create(&john()).await;
    stack.store.customer_delete(&stack.tenant(), uuid(&stack, 2), Write::plain()).await.unwrap();
    for id in ["cust_2", "cust_3", "cust_0", "cust_", "1", "%20", "cust_99999999999", "cust_1%00"] {
        let response = stack.acme.get(&format!("/customers/{id}/pricing/csv")).await;
        assert_eq!(response.status, 404, "{id}: {}", response.body);
        assert_eq!(error_of(&response), ("NOT_FOUND".into(), "Customer not found".into()), "{id}");
    }
    let reader = stack.caller("acme", Mode::Live, "read,write").await;
    let response = reader.get(&path(1)).await;
    assert_eq!((response.status.as_u16(), error_of(&response).0.as_str()), (403, "FORBIDDEN"));
}

#[tokio::test]
async fn export_of_2500_products_is_streamed_and_ends_with_an_error_if_interrupted() {
    let faults = Faults::default();
    let stack = Stack::start_with(|config| faults.without_retries(config)).await;
    stack.settings(Settings { usage_metering: false, ..Settings::default() }).await;
    stack.acme.create(&john()).await;
    let product = |n: u32| price(PriceOwner::List, &format!("p{n:05}"), "", "1.00", "");
    let entries: Vec<PriceEntry> = (0..2_500).map(product).collect();
    stack.store.prices_put(&stack.tenant(), &entries).await.unwrap();
    let response = stack.acme.get(&path(1)).await;
    let rows: Vec<&str> = response.expect_text(200).lines().skip(1).collect();
    assert_eq!(rows.len(), 2_500);
    assert!(rows.iter().enumerate().all(|(n, row)| *row == format!("p{n:05},parts,,1.00,1.00,USD,")));

    faults.plan(|sent| if sent.number > 4 { FaultAction::DropRequest } else { FaultAction::Pass });
    let mut body = stack.acme.open(&path(1)).await.into_body();
    let mut chunks = 0;
    let error = loop {
        match http_body_util::BodyExt::frame(&mut body).await.unwrap() {
            Ok(_) => chunks += 1,
            Err(error) => break error.to_string(),
        }
    };
    assert!(chunks > 1 && error.contains("unavailable"), "{chunks} chunks, then {error}");
}
