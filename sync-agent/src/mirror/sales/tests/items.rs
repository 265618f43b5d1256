//! Items: product ids and prices.

use clientele_shared::model::{PriceEntry, PriceOwner};

use super::*;

fn item(fields: Value) -> Object {
    let mut item = object(json!({
        "Id": "5", "Name": "Pump", "FullyQualifiedName": "Design:Fountains:Pump", "Sku": "PMP-7", "Active": true,
        "Type": "Inventory", "UnitPrice": 15, "SubItem": true,
    }));
    item.extend(object(fields));
    item
}

fn listed(fields: Value) -> Option<PriceEntry> {
    let item = item(fields);
    price(&item, product_id(&item).unwrap(), "USD".parse().unwrap())
}

#[test]
fn product_id_is_sku_else_name_else_id() {
    for (fields, id) in [
        (json!({}), "PMP-7"),
        (json!({ "Sku": " A 1 " }), "A 1"),
        (json!({ "Sku": null }), "Pump"),
        (json!({ "Sku": "" }), "Pump"),
        (json!({ "Sku": "s".repeat(65) }), "Pump"),
        (json!({ "Sku": "A\nB" }), "Pump"),
        (json!({ "Sku": null, "Name": "Pool\tservice\n" }), "Pool service"),
        (json!({ "Sku": null, "Name": null }), "Item 5"),
        (json!({ "Sku": null, "Name": " " }), "Item 5"),
    ] {
        assert_eq!(product_id(&item(fields.clone())).unwrap().as_str(), id, "{fields}");
    }
    let long = product_id(&item(json!({ "Sku": null, "Name": "é".repeat(100) }))).unwrap();
    assert_eq!(long.as_str(), "é".repeat(64));
    assert_eq!(product_id(&Object::new()), None);
}

#[test]
fn price_is_in_the_list_from_the_beginning() {
    let entry = listed(json!({})).unwrap();
    assert_eq!((entry.owner, entry.product.as_str()), (PriceOwner::List, "PMP-7"));
    let price = entry.price;
    assert_eq!((price.amount.to_string(), price.currency.to_string()), ("15.00".into(), "USD".into()));
    assert_eq!(price.name.as_deref(), Some("Design:Fountains:Pump"));
    assert_eq!((price.effective_from, price.service_type), (None, None));
}

#[test]
fn price_has_the_name_of_the_item_and_cents() {
    let name = |fields: Value| listed(fields).unwrap().price.name;
    assert_eq!(name(json!({ "FullyQualifiedName": null })).as_deref(), Some("Pump"));
    assert_eq!(name(json!({ "FullyQualifiedName": "n".repeat(300) })), Some("n".repeat(255)));
    assert_eq!(name(json!({ "FullyQualifiedName": "", "Name": "" })), None);
    let amount = |price: Value| listed(json!({ "UnitPrice": price })).unwrap().price.amount.to_string();
    assert_eq!((amount(json!(89.95)), amount(json!(0.125))), ("89.95".into(), "0.13".into()));
}

#[test]
fn items_that_are_not_sold_or_have_no_price_are_not_listed() {
    for fields in [
        json!({ "Type": "Category" }),
        json!({ "Type": "Group" }),
        json!({ "Type": "Bundle" }),
        json!({ "Active": false }),
        json!({ "UnitPrice": 0 }),
        json!({ "UnitPrice": 0.004 }),
        json!({ "UnitPrice": -5 }),
        json!({ "UnitPrice": null }),
        json!({ "UnitPrice": "cheap" }),
        json!({ "UnitPrice": 1e12 }),
    ] {
        assert_eq!(listed(fields.clone()), None, "{fields}");
    }
}
