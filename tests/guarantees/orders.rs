//! Figures, months and the last order of a customer are exact after every write of orders: after changes, cancellations,
//! removals and moves, under concurrency, and after a crash at any point.

use std::collections::BTreeMap;

use clientele_shared::model::{CustomerNumber, Figures, Order, OrderLine, OrderStatus, Sales, Timestamp};
use clientele_shared::store::{OrderChange, OrderPeriod, RowKey, Store};
use futures::future::join_all;
use http::Method;
use proptest::prelude::*;
use serde_json::json;

use aws_sdk_dynamodb::types::AttributeValue;
use clientele_shared::table::keys::{self, attribute};

use crate::support::orders::{order, paid, removal, write};
use crate::support::{FaultAction, Faults, Stack};

/// The orders of some customers, as a list of what was written.
#[derive(Debug, Clone, Default)]
struct Model(BTreeMap<RowKey, (CustomerNumber, Order, Vec<OrderLine>)>);

impl Model {
    fn write(&mut self, customer: CustomerNumber, changes: &[OrderChange]) {
        for change in changes {
            match &change.order {
                Some((order, lines)) => {
                    self.0.insert(change.key.clone(), (customer, order.clone(), lines.clone()));
                }
                None => drop(self.0.remove(&change.key)),
            }
        }
    }

    fn of(&self, customer: CustomerNumber) -> Vec<(&Order, &[OrderLine])> {
        let own = self.0.values().filter(|(owner, ..)| *owner == customer);
        own.map(|(_, order, lines)| (order, lines.as_slice())).collect()
    }

    /// Checks everything that the store says about the orders of a customer against this list.
    async fn check(&self, stack: &Stack, customer: CustomerNumber) {
        let (tenant, own) = (stack.tenant(), self.of(customer));
        let uuid = tenant.customer_uuid(customer);
        let mut figures = Figures::default();
        let mut months: BTreeMap<Timestamp, Sales> = BTreeMap::new();
        for (order, lines) in &own {
            figures.add(order).unwrap();
            months.entry(order.ordered_at.month_start()).or_default().add(order, lines).unwrap();
            if order.status.counts() {
                figures.last_order_at = figures.last_order_at.max(Some(order.ordered_at));
            }
        }
        let mut found = stack.store.figures_get(&tenant, uuid).await.unwrap();
        found.version = 0;
        assert_eq!(found, figures);
        let sales = stack.store.sales(&tenant, uuid, OrderPeriod::default()).await.unwrap();
        assert_eq!(sales, months);
        let page = stack.store.orders(&tenant, uuid, None, OrderPeriod::default(), (1, 500)).await.unwrap();
        let mut expected: Vec<Order> = own.iter().map(|(order, _)| (*order).clone()).collect();
        expected.sort_by(|one, other| (other.ordered_at, &other.id).cmp(&(one.ordered_at, &one.id)));
        assert_eq!((page.orders, page.total), (expected, own.len() as u64));
    }
}

fn number(n: u64) -> CustomerNumber {
    CustomerNumber::new(n).unwrap()
}

async fn with_customers(count: usize) -> Stack {
    let stack = Stack::start().await;
    create_customers(&stack, count).await;
    stack
}

async fn create_customers(stack: &Stack, count: usize) {
    for n in 0..count {
        stack.acme.post("/api/customers", &json!({"name": format!("Acme{n}")})).await.expect(201);
    }
}

/// A change of one of eight orders: at one of five moments in three months, of any status, paid or not, or gone.
fn change() -> impl Strategy<Value = OrderChange> {
    const MOMENTS: [&str; 5] = [
        "2024-01-01T00:00:00Z",
        "2024-01-31T23:59:59Z",
        "2024-02-01T00:00:00Z",
        "2024-02-29T08:00:00Z",
        "2024-03-01T00:00:00Z",
    ];
    let order = (
        0..8_u8,
        prop::sample::select(&MOMENTS),
        prop::sample::select(&OrderStatus::ALL),
        1..400_i64,
        0..4_u8,
    );
    order.prop_map(|(id, at, status, cents, payment)| {
        let made = order_of(id, at, status, cents);
        match payment {
            0 => removal(&id.to_string()),
            1 => paid(made, cents, Some("2024-03-05T00:00:00Z")),
            2 => paid(made, cents / 2, None),
            _ => made,
        }
    })
}

fn order_of(id: u8, at: &str, status: OrderStatus, cents: i64) -> OrderChange {
    order(&id.to_string(), at, status, cents * 2)
}

/// Changes of different orders, since a write names each once.
fn changes() -> impl Strategy<Value = Vec<OrderChange>> {
    prop::collection::vec(change(), 1..6).prop_map(|changes| {
        let by_key: BTreeMap<RowKey, OrderChange> =
            changes.into_iter().map(|change| (change.key.clone(), change)).collect();
        by_key.into_values().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn figures_follow_any_history_of_orders(history in prop::collection::vec((1..3_u64, changes()), 1..12)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let stack = with_customers(2).await;
            let mut model = Model::default();
            for (customer, changes) in history {
                write(&stack, &number(customer).to_customer_id(), &changes).await;
                model.write(number(customer), &changes);
                for customer in [1, 2] {
                    model.check(&stack, number(customer)).await;
                }
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_writers_of_one_customer_lose_no_order() {
    let stack = with_customers(1).await;
    let writers = (0..6).map(|writer| {
        let stack = &stack;
        async move {
            for n in 0..5 {
                let id = format!("{writer}-{n}");
                let change =
                    order(&id, "2024-01-15T00:00:00Z", OrderStatus::Shipped, 100 + i64::from(writer));
                write_patiently(&stack.store, stack, &[change]).await;
                if n == 2 {
                    write_patiently(&stack.store, stack, &[removal(&id)]).await;
                }
            }
        }
    });
    join_all(writers).await;
    let mut model = Model::default();
    for writer in 0..6 {
        for n in [0, 1, 3, 4] {
            let id = format!("{writer}-{n}");
            model.write(number(1), &[order(&id, "2024-01-15T00:00:00Z", OrderStatus::Shipped, 100 + writer)]);
        }
    }
    model.check(&stack, number(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_changes_of_one_order_leave_one_of_them() {
    let stack = with_customers(1).await;
    let made = |writer: u8, n: usize| {
        let at = ["2024-01-15T00:00:00Z", "2024-02-15T00:00:00Z", "2024-03-15T00:00:00Z"][n % 3];
        let cents = 100 * (1 + i64::from(writer)) + i64::try_from(n).unwrap();
        order("same", at, OrderStatus::Shipped, cents)
    };
    let writers = (0..4).map(|writer| {
        let (stack, made) = (&stack, &made);
        async move {
            for n in 0..6 {
                write_patiently(&stack.store, stack, &[made(writer, n)]).await;
            }
        }
    });
    join_all(writers).await;
    let (tenant, period) = (stack.tenant(), OrderPeriod::default());
    let page =
        stack.store.orders(&tenant, tenant.customer_uuid(number(1)), None, period, (1, 9)).await.unwrap();
    let is_left =
        |change: &OrderChange| change.order.as_ref().is_some_and(|(order, _)| page.orders == [order.clone()]);
    let left = (0..4).map(|writer| made(writer, 5)).find(is_left).unwrap();
    let mut model = Model::default();
    model.write(number(1), &[left]);
    model.check(&stack, number(1)).await;
}

/// Writes until the writer is no longer told that others were faster.
async fn write_patiently(store: &Store, stack: &Stack, changes: &[OrderChange]) {
    loop {
        match store.orders_write(&stack.tenant(), number(1), changes).await {
            Ok(_) => return,
            Err(clientele_shared::Error::Throttled { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn write_of_orders_is_atomic_at_every_crash_point() {
    let faults = Faults::default();
    let stack = Stack::start_with(|config| config).await;
    let store = faulty_store(&stack, &faults);
    create_customers(&stack, 2).await;
    let before = [
        order("a", "2024-01-15T00:00:00Z", OrderStatus::Shipped, 1_000),
        order("b", "2024-02-15T00:00:00Z", OrderStatus::Shipped, 2_000),
    ];
    let after = [
        order("a", "2024-03-15T00:00:00Z", OrderStatus::Shipped, 1_500),
        removal("b"),
        order("c", "2024-02-20T00:00:00Z", OrderStatus::Cancelled, 700),
    ];
    // A move from another customer is two commits.
    for (owner, is_move) in [(1, false), (2, true)] {
        for action in [FaultAction::DropRequest, FaultAction::DropResponse] {
            for call in 1.. {
                write(&stack, "cust_1", &[removal("a"), removal("b"), removal("c")]).await;
                write(&stack, &number(owner).to_customer_id(), &before).await;
                faults.clear();
                faults.inject(call, action.clone());
                let ended = store.orders_write(&stack.tenant(), number(1), &after).await;
                if faults.clear().len() < call {
                    assert!(call > 4, "only {call} calls");
                    break;
                }
                let (mut old, mut new) = (Model::default(), Model::default());
                old.write(number(owner), &before);
                new.write(number(1), &after);
                let is_old = ended.is_err() && !is_written(&stack).await;
                if !is_move || !is_old {
                    let model = if is_old { &old } else { &new };
                    model.check(&stack, number(1)).await;
                }
                // The same call again finishes what was begun.
                store.orders_write(&stack.tenant(), number(1), &after).await.unwrap();
                for customer in [1, 2] {
                    new.check(&stack, number(customer)).await;
                }
            }
        }
    }
}

/// A store for the same table whose calls fail as ordered.
fn faulty_store(stack: &Stack, faults: &Faults) -> Store {
    let config = clientele_shared::table::connect::Connection::local(&stack.url).config().unwrap();
    let client = aws_sdk_dynamodb::Client::from_conf(faults.without_retries(config).build());
    Store::new(client, &stack.table, stack.clock.ambient())
}

/// Whether the order `a` of customer 1 is as the interrupted write makes it.
async fn is_written(stack: &Stack) -> bool {
    let orders = stack.acme.send(Method::GET, "/api/customers/cust_1/orders", &[], "").await.expect(200);
    orders["data"].as_array().unwrap().iter().any(|order| order["order_date"] == "2024-03-15T00:00:00Z")
}

#[tokio::test]
async fn sums_at_the_edges_of_a_period_are_those_of_the_orders_and_not_of_their_month() {
    let stack = with_customers(1).await;
    let (tenant, uuid) = (stack.tenant(), stack.tenant().customer_uuid(number(1)));
    let delivered = |id, at| order_of(id, at, OrderStatus::Delivered, 100);
    let changes = [
        delivered(1, "2024-01-31T12:00:00Z"),
        delivered(2, "2024-02-10T00:00:00Z"),
        delivered(3, "2024-03-01T00:00:00Z"),
    ];
    write(&stack, "cust_1", &changes).await;
    // As if the months at the edges had been read before the orders in them were written.
    for month in ["2024-01-01T00:00:00Z", "2024-03-01T00:00:00Z"] {
        let key = keys::month(&tenant, uuid, Timestamp::from_rfc3339(month).unwrap());
        let delete = stack.client.delete_item().table_name(&stack.table);
        let delete = delete
            .key(attribute::PK, AttributeValue::S(key.pk))
            .key(attribute::SK, AttributeValue::S(key.sk));
        delete.send().await.unwrap();
    }
    let at = |text| Timestamp::from_rfc3339(text);
    let period = OrderPeriod { from: at("2024-01-15T00:00:00Z"), to: at("2024-03-02T00:00:00Z") };
    let sales = stack.store.sales(&tenant, uuid, period).await.unwrap();
    assert_eq!(sales.values().map(|month| month.revenue.to_string()).collect::<Vec<_>>(), ["2.00"; 3]);
    let page = stack.store.orders(&tenant, uuid, None, period, (1, 10)).await.unwrap();
    assert_eq!((page.total, page.orders.len()), (3, 3));
}
