//! Orders as tests write them.

use clientele_shared::model::{
    Address, CustomerNumber, Money, Order, OrderLine, OrderStatus, Payment, Timestamp,
};
use clientele_shared::store::{OrderChange, RowKey};

use super::Stack;

/// The order `id` of a source, as it is to be: one line for one product.
pub(crate) fn order(id: &str, ordered_at: &str, status: OrderStatus, cents: i64) -> OrderChange {
    let key = RowKey::order("test", id);
    let line = OrderLine {
        product: format!("p{}", cents % 3).parse().unwrap(),
        name: Some(format!("Product {}", cents % 3)),
        quantity: "2".parse().unwrap(),
        unit_price: (Money::from_cents(cents).get() / rust_decimal::Decimal::TWO)
            .to_string()
            .parse()
            .unwrap(),
        discount: "0".parse().unwrap(),
    };
    let order = Order {
        id: key.order_id(),
        order_number: format!("SO-{id}"),
        status,
        ordered_at: at(ordered_at),
        shipped_at: None,
        delivered_at: None,
        total: Money::from_cents(cents),
        items_count: 1,
        shipping_address: Address {
            city: Some("Reims".into()),
            country: Some("FR".into()),
            ..Address::default()
        },
        payments: None,
    };
    OrderChange { key, order: Some((order, vec![line])) }
}

/// The same order, paid up to this amount.
pub(crate) fn paid(mut change: OrderChange, cents: i64, paid_at: Option<&str>) -> OrderChange {
    if let Some((order, _)) = &mut change.order {
        let payment = Payment { amount: Money::from_cents(cents), paid_at: paid_at.map(at) };
        order.payments = Some(if cents == 0 { Vec::new() } else { vec![payment] });
    }
    change
}

/// The removal of the order `id`.
pub(crate) fn removal(id: &str) -> OrderChange {
    OrderChange { key: RowKey::order("test", id), order: None }
}

/// Writes orders of a customer of `acme`.
pub(crate) async fn write(stack: &Stack, customer: &str, changes: &[OrderChange]) {
    let number = CustomerNumber::from_customer_id(customer.rsplit('/').next().unwrap()).unwrap();
    for changes in changes.chunks(clientele_shared::store::Store::ORDERS_AT_A_TIME) {
        stack.store.orders_write(&stack.tenant(), number, changes).await.unwrap();
    }
}

/// A moment.
pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::from_rfc3339(text).unwrap()
}
