//! `pool-pricing-export`: GET /customers/{id}/pricing/csv.

use uuid::Uuid;

use clientele_shared::model::{Mode, Price, PriceEntry, PriceOwner};
use clientele_shared::store::Write;

use super::error_of;
use crate::support::{FaultAction, Faults, Stack, john};

const HEADER: &str = "productId,serviceType,name,defaultPrice,customerPrice,currency,effectiveFrom\r\n";

fn path(number: u32) -> String {
    format!("/customers/cust_{number}/pricing/csv")
}

/// A price in US dollars.
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
async fn the_file_says_what_the_customer_pays_today() {
    let stack = Stack::start().await;
    for _ in 0..2 {
        stack.acme.create(&john()).await;
    }
    let own = PriceOwner::Customer(uuid(&stack, 1));
    let list = PriceOwner::List;
    let entries = [
        price(list, "filter", "", "10.00", "Filter, large"),
        price(list, "filter", "2020-01-01", "12.50", "Filter, large"),
        // The clock of these tests stands in January 2030.
        price(list, "filter", "2031-01-01", "14.00", "Filter, large"),
        price(own, "filter", "2025-06-01", "11.25", ""),
        price(own, "filter", "2030-12-31", "9.00", ""),
        price(list, "-salt", "", "3.00", "=SUM(A1)"),
        price(own, "visit", "", "80.00", "Visit \"before ten\""),
        price(list, "vacuum", "2031-01-01", "400.00", ""),
    ];
    stack.store.prices_put(&stack.tenant(), &entries).await.unwrap();

    let answer = stack.acme.get(&path(1)).await;
    let expected = format!(
        "{HEADER}'-salt,parts,'=SUM(A1),3.00,3.00,USD,\r\n\
         filter,parts,\"Filter, large\",12.50,11.25,USD,2025-06-01\r\n\
         visit,,\"Visit \"\"before ten\"\"\",,80.00,USD,\r\n"
    );
    assert_eq!(answer.expect_text(200), expected);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"customer-pricing.csv\"");
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
async fn who_is_not_there_and_who_may_not_is_told_in_json() {
    let stack = Stack::start().await;
    stack.acme.create(&john()).await;
    stack.acme.create(&john()).await;
    stack.store.customer_delete(&stack.tenant(), uuid(&stack, 2), Write::plain()).await.unwrap();
    for id in ["cust_2", "cust_3", "cust_0", "cust_", "1", "%20", "cust_99999999999", "cust_1%00"] {
        let answer = stack.acme.get(&format!("/customers/{id}/pricing/csv")).await;
        assert_eq!(answer.status, 404, "{id}: {}", answer.body);
        assert_eq!(error_of(&answer), ("NOT_FOUND".into(), "Customer not found".into()), "{id}");
    }
    let reader = stack.caller("acme", Mode::Live, "read,write").await;
    let answer = reader.get(&path(1)).await;
    assert_eq!((answer.status.as_u16(), error_of(&answer).0.as_str()), (403, "FORBIDDEN"));
}

#[tokio::test]
async fn thousands_of_products_come_in_parts_and_do_not_look_whole_when_they_break_off() {
    let faults = Faults::default();
    let stack = Stack::start_with(|config| faults.without_retries(config)).await;
    stack.acme.create(&john()).await;
    let product = |n: u32| price(PriceOwner::List, &format!("p{n:05}"), "", "1.00", "");
    let entries: Vec<PriceEntry> = (0..2_500).map(product).collect();
    stack.store.prices_put(&stack.tenant(), &entries).await.unwrap();
    let answer = stack.acme.get(&path(1)).await;
    let rows: Vec<&str> = answer.expect_text(200).lines().skip(1).collect();
    assert_eq!(rows.len(), 2_500);
    assert!(rows.iter().enumerate().all(|(n, row)| *row == format!("p{n:05},parts,,1.00,1.00,USD,")));

    faults.plan(|sent| if sent.number > 4 { FaultAction::Cut } else { FaultAction::Pass });
    let mut body = stack.acme.open(&path(1)).await.into_body();
    let mut parts = 0;
    let error = loop {
        match http_body_util::BodyExt::frame(&mut body).await.unwrap() {
            Ok(_) => parts += 1,
            Err(error) => break error.to_string(),
        }
    };
    assert!(parts > 1 && error.contains("unavailable"), "{parts} parts, then {error}");
}
