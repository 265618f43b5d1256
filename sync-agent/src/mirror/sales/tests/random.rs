//! Random objects: the unpaid part is always the balance, and no object makes the conversion panic.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

fn cents(cents: i64) -> Value {
    let text = format!("{}.{:02}", cents / 100, cents % 100);
    serde_json::from_str(&text).unwrap()
}

/// A payment of the invoice: its amount in cents, its day in January, and whether it is known.
fn any_payment() -> impl Strategy<Value = (i64, u8, bool)> {
    (1..500_000_i64, 1..=31_u8, any::<bool>())
}

/// Values that no field of QuickBooks has, and some that another field has.
fn any_value() -> impl Strategy<Value = Value> {
    let long = "x".repeat(2_000);
    let nested = json!([[{ "Line": [{ "LinkedTxn": [[1]] }] }]]);
    select(vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(0.00001),
        json!(1e-300),
        json!(1e12),
        json!(-1e12),
        json!(1e27),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("soon"),
        json!("1e5"),
        json!("-79228162514264337593543950335"),
        json!("\u{0}\n\u{200b}"),
        json!("0001-01-01"),
        json!("9999-12-31"),
        json!("GroupLineDetail"),
        json!("SalesItemLineDetail"),
        json!(long),
        json!([]),
        json!({}),
        nested,
    ])
}

/// All places in a value where another value is.
fn pointers(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(name, value)| pointers(value, &format!("{path}/{name}"), found));
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, value)| pointers(value, &format!("{path}/{at}"), found));
        }
        _ => {}
    }
}

/// Replaces values at random places; the object itself stays an object.
fn mutated(object: Object, changes: Vec<(Index, Value)>) -> Object {
    let mut value = Value::Object(object);
    for (place, new) in changes {
        let mut all = Vec::new();
        pointers(&value, "", &mut all);
        all.retain(|path| !path.is_empty());
        if all.is_empty() {
            break;
        }
        let path: &String = place.get(&all);
        *value.pointer_mut(path).unwrap() = new;
    }
    super::object(value)
}

/// A document with every field that the conversion reads, which is a payment and an item too.
fn everything() -> Object {
    let group = json!({ "DetailType": "GroupLineDetail", "GroupLineDetail": { "Line": [
        { "Amount": 5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": { "ItemRef": { "value": "2" } } },
    ] } });
    let mut object = invoice_with(json!({
        "ShipDate": "2026-02-05", "PrivateNote": "Voided", "UnappliedAmt": 1, "UnitPrice": 3, "Name": "Pump",
        "FullyQualifiedName": "A:Pump", "Sku": "S", "Type": "Service", "Active": true,
    }));
    if let Some(Value::Array(lines)) = object.get_mut("Line") {
        lines.push(group);
        lines.push(json!({ "Amount": 10, "DetailType": "DiscountLineDetail",
            "DiscountLineDetail": { "PercentBased": true, "DiscountPercent": 10 } }));
        lines.push(json!({ "Amount": 5, "LinkedTxn": [{ "TxnId": "130", "TxnType": "Invoice" }] }));
    }
    object
}

proptest! {
    #[test]
    fn unpaid_is_the_balance_of_the_invoice(
        payments in vec(any_payment(), 0..6), deposit in 0..500_000_i64, open in 0..500_000_i64,
    ) {
        let paid_cents: i64 = payments.iter().map(|(amount, ..)| amount).sum();
        let total = paid_cents + deposit + open;
        let amounts = json!({ "TotalAmt": cents(total), "Balance": cents(open), "Deposit": cents(deposit) });
        let invoice = invoice_with(amounts);
        let known = payments.iter().enumerate().filter(|(_, (.., is_known))| *is_known).map(|(id, (amount, day, _))| {
            (id.to_string(), paid(&format!("2026-01-{day:02}"), &[("130", &cents(*amount).to_string())]))
        });
        let (order, _) = converted(DocumentKind::Invoice, &invoice, &known.collect());
        prop_assert_eq!(order.unpaid().to_cents(), open);
        let listed = order.payments.unwrap();
        let dated: Vec<_> = listed.iter().filter_map(|one| one.paid_at).collect();
        prop_assert!(dated.is_sorted());
        let known_count = payments.iter().filter(|(.., is_known)| *is_known).count();
        prop_assert_eq!(dated.len(), known_count);
    }

    #[test]
    fn unpaid_is_the_balance_also_if_the_payments_are_out_of_date(
        payments in vec(any_payment(), 0..6), total in 0..500_000_i64, percent in 0..=100_i64,
    ) {
        let open = total * percent / 100;
        let invoice = invoice_with(json!({ "TotalAmt": cents(total), "Balance": cents(open) }));
        let known = payments.iter().enumerate().map(|(id, (amount, day, _))| {
            (id.to_string(), paid(&format!("2026-01-{day:02}"), &[("130", &cents(*amount).to_string())]))
        });
        let (order, _) = converted(DocumentKind::Invoice, &invoice, &known.collect());
        prop_assert_eq!(order.unpaid().to_cents(), open);
    }

    #[test]
    fn no_object_makes_the_conversion_panic(changes in vec((any::<Index>(), any_value()), 1..6)) {
        let object = mutated(everything(), changes);
        let payments = by_id([("7", paid("2026-02-10", &[("130", "999999999999.99")]))]);
        for kind in DocumentKind::ALL {
            if let Ok(change) = order(kind, SOURCE, &object, &payments, &product) {
                let (order, lines) = change.order.unwrap();
                prop_assert!(order.total >= Default::default() && lines.len() <= 500);
                prop_assert!(order.total.stored().is_some());
                prop_assert!(lines.iter().all(|line| line.revenue().is_some()));
                let amounts = order.payments.iter().flatten().map(|payment| payment.amount);
                prop_assert!(amounts.into_iter().all(|amount| amount > Default::default()));
                let stored = serde_json::to_string(&(&order, &lines)).unwrap();
                let read: (Order, Vec<OrderLine>) = serde_json::from_str(&stored).unwrap();
                prop_assert_eq!(read, (order, lines));
            }
        }
        let facts = payment(&object).ok();
        prop_assert!(touched(facts.as_ref(), None).len() <= 3);
        prop_assert!(items_of(&object).len() <= 3 && payments_of(&object).len() <= 2);
        prop_assert!(customer_of(&object).is_none_or(|id| !id.is_empty()));
        if let Some(product) = product_id(&object) {
            let listed = price(&object, product, "USD".parse().unwrap());
            prop_assert!(listed.is_none_or(|entry| entry.price.amount > Default::default()));
        }
    }
}
