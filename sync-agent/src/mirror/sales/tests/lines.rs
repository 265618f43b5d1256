//! Lines: quantities, prices, groups, discounts, items, and limits.

use super::*;

fn line(amount: f64, detail: Value) -> Value {
    json!({ "Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail })
}

fn item(id: &str, quantity: f64, price: f64) -> Value {
    line(quantity * price, json!({ "ItemRef": { "value": id }, "Qty": quantity, "UnitPrice": price }))
}

fn discount(amount: f64, detail: Value) -> Value {
    json!({ "Amount": amount, "DetailType": "DiscountLineDetail", "DiscountLineDetail": detail })
}

fn lines_of(lines: &[Value]) -> Vec<OrderLine> {
    converted(DocumentKind::Invoice, &invoice_with(json!({ "Line": lines })), &BTreeMap::new()).1
}

/// Quantity, unit price and discount of the only line.
fn numbers(lines: &[Value]) -> [String; 3] {
    let lines = lines_of(lines);
    assert_eq!(lines.len(), 1);
    [lines[0].quantity, lines[0].unit_price, lines[0].discount].map(|number| number.to_string())
}

#[test]
fn line_has_product_name_quantity_and_price() {
    let lines = converted(DocumentKind::Invoice, &invoice(), &BTreeMap::new()).1;
    assert_eq!((lines[0].product.as_str(), lines[0].name.as_deref()), ("P5", Some("Rock Fountain")));
    assert_eq!(
        (lines[0].quantity.to_string(), lines[0].unit_price.to_string()),
        ("3".into(), "31.75".into())
    );
    assert_eq!(lines[0].value().unwrap().normalize().to_string(), "95.25");
}

#[test]
fn missing_quantity_and_price_are_derived_from_the_amount() {
    for (amount, detail, quantity, price) in [
        (90.0, json!({ "Qty": 4 }), "4", "22.5"),
        (90.0, json!({ "Qty": 4, "UnitPrice": 0 }), "4", "22.5"),
        (90.0, json!({ "UnitPrice": 60 }), "1.5", "60"),
        (90.0, json!({ "Qty": 0, "UnitPrice": 60 }), "1.5", "60"),
        (90.0, json!({}), "1", "90"),
        (90.0, json!({ "Qty": 0, "UnitPrice": 0 }), "1", "90"),
        (100.0, json!({ "Qty": 3 }), "3", "33.3333"),
        (-5.0, json!({}), "1", "-5"),
        // The amount decides.
        (90.0, json!({ "Qty": 2, "UnitPrice": 50 }), "2", "45"),
        // Half a cent is the rounding of the amount.
        (0.33, json!({ "Qty": 0.333, "UnitPrice": 0.999 }), "0.333", "0.999"),
        (1.0, json!({ "Qty": 1, "UnitPrice": 1.00004 }), "1", "1"),
        // A voided line, and a gift.
        (0.0, json!({ "Qty": 0, "UnitPrice": 65 }), "0", "65"),
        (0.0, json!({ "Qty": 2, "UnitPrice": 0 }), "2", "0"),
    ] {
        let shown = numbers(&[line(amount, detail.clone())]);
        assert_eq!(shown, [quantity, price, "0"].map(str::to_owned), "{amount} {detail}");
    }
}

#[test]
fn line_without_amount_is_quantity_times_price() {
    let line = |detail: Value| json!({ "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail });
    assert_eq!(numbers(&[line(json!({ "Qty": 2, "UnitPrice": 5 }))]), ["2", "5", "0"].map(str::to_owned));
    assert_eq!(numbers(&[line(json!({}))]), ["1", "0", "0"].map(str::to_owned));
}

#[test]
fn lines_of_groups_count_and_other_lines_do_not() {
    let group = json!({ "Amount": 30, "DetailType": "GroupLineDetail", "GroupLineDetail": {
        "GroupItemRef": { "value": "99" }, "Quantity": 1, "Line": [item("2", 1.0, 10.0), item("3", 2.0, 10.0)] } });
    let lines = [
        item("1", 1.0, 5.0),
        group,
        json!({ "DetailType": "DescriptionOnly", "Description": "Thank you" }),
        json!({ "Amount": 35, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {} }),
        json!({ "Amount": 1, "DetailType": "TaxLineDetail" }),
    ];
    let products: Vec<String> = lines_of(&lines).into_iter().map(|line| line.product.into()).collect();
    assert_eq!(products, ["P1", "P2", "P3"]);
    let items = items_of(&invoice_with(json!({ "Line": lines })));
    assert_eq!(items, ["1", "2", "3"].map(str::to_owned).into());
}

#[test]
fn special_items_have_no_item_to_read() {
    let lines = [line(7.0, json!({ "ItemRef": { "value": "SHIPPING_ITEM_ID" } })), line(7.0, json!({}))];
    assert!(items_of(&invoice_with(json!({ "Line": lines }))).is_empty());
    assert!(items_of(&invoice_with(json!({ "Line": "none" }))).is_empty());
}

#[test]
fn product_of_an_unknown_item_is_its_name_or_id() {
    for (item, expected) in [
        (json!({ "value": "5", "name": "Design:Fountains:Pump" }), "Pump"),
        (json!({ "value": "5", "name": "" }), "Item 5"),
        (json!({ "value": "5" }), "Item 5"),
        (json!({ "value": "SHIPPING_ITEM_ID" }), "SHIPPING_ITEM_ID"),
        (json!(null), "No item"),
    ] {
        let lines = json!({ "Line": [line(7.0, json!({ "ItemRef": item }))] });
        let change =
            order(DocumentKind::Invoice, SOURCE, &invoice_with(lines), &BTreeMap::new(), &|_| None).unwrap();
        assert_eq!(change.order.unwrap().1[0].product.as_str(), expected, "{item}");
    }
}

#[test]
fn discount_by_percentage_is_spread_over_the_lines() {
    let percent = json!({ "PercentBased": true, "DiscountPercent": 7.5 });
    // The discount is 0.75 instead of 0.75075.
    let lines = lines_of(&[item("1", 1.0, 10.01), discount(0.75, percent)]);
    assert_eq!(lines[0].discount.to_string(), "0.075");
    let lines = lines_of(&[item("1", 1.0, 30.0), item("2", 1.0, 70.0), discount(10.0, json!({}))]);
    assert_eq!(lines.iter().map(|line| line.discount.to_string()).collect::<Vec<_>>(), ["0.1", "0.1"]);
    assert_eq!(lines[1].value().unwrap().normalize().to_string(), "63");
}

#[test]
fn discount_that_is_no_exact_share_is_left_to_the_total() {
    let sold = item("1", 1.0, 3_000.0);
    for amount in [1_000.0, 3_000.01, -5.0, 0.0] {
        assert_eq!(numbers(&[sold.clone(), discount(amount, json!({}))])[2], "0", "{amount}");
    }
    // A percentage that is not that of the amount.
    let wrong = json!({ "PercentBased": true, "DiscountPercent": 20 });
    assert_eq!(numbers(&[sold.clone(), discount(300.0, wrong)])[2], "0.1");
    assert_eq!(numbers(&[sold, discount(3_000.0, json!({}))])[2], "1");
}

#[test]
fn orders_have_at_most_500_lines() {
    let lines = |count: usize| invoice_with(json!({ "Line": vec![item("1", 1.0, 1.0); count] }));
    assert_eq!(order_of(&lines(500)).items_count, 500);
    assert_eq!(reason(&lines(501)), "Line: must be at most 500 lines");
}

#[test]
fn lines_have_at_most_300_kilobytes() {
    let long = line(1.0, json!({ "ItemRef": { "value": "1", "name": "n".repeat(1_000) } }));
    assert_eq!(reason(&invoice_with(json!({ "Line": vec![long; 400] }))), "Line: must be at most 300 KB");
}

#[test]
fn invalid_lines_are_unreadable() {
    let too_large = "Line: quantity, unit price and amount must be below 1000000000000";
    for (line, expected) in [
        (line(1e13, json!({})), too_large),
        (line(1e13, json!({ "Qty": 1e7, "UnitPrice": 1e6 })), too_large),
        (line(1.0, json!({ "Qty": 1e20 })), too_large),
        (line(1e11, json!({ "Qty": 0.0001 })), too_large),
        (line(1.0, json!({ "Qty": "two" })), "Qty: must be a number below 1000000000000, not `two`"),
        (
            line(1.0, json!({ "ItemRef": { "value": "1", "name": "n".repeat(1_001) } })),
            "name: must have at most 1000 characters",
        ),
    ] {
        assert_eq!(reason(&invoice_with(json!({ "Line": [line] }))), expected);
    }
}
