//! Changes since the last export.

use clientele_shared::model::{
    Color, CustomerFields, CustomerNumber, ExportColumns, ExportContent, ExportFilter, ExportFormat,
    ExportKind, OrderStatus, PriceEntry, PriceOwner, Status, Tenant,
};
use clientele_shared::store::{TagChange, Write, WriteRules};
use serde_json::json;

use super::{Folder, cells, of, rows};
use crate::support::Stack;
use crate::support::orders::{order, removal, write};

async fn change(stack: &Stack, number: u64, change: impl Fn(&mut CustomerFields) + Send + Sync) {
    let uuid = stack.tenant().customer_uuid(CustomerNumber::new(number).unwrap());
    let change = |mut fields: CustomerFields| {
        change(&mut fields);
        Ok(fields)
    };
    stack.store.customer_update(&stack.tenant(), uuid, change, Write::plain()).await.unwrap();
}

async fn add(stack: &Stack, names: &[&str]) {
    for name in names {
        let fields = serde_json::from_value(json!({ "last_name": name })).unwrap();
        stack.store.customer_create(&stack.tenant(), fields, Write::plain()).await.unwrap();
    }
}

async fn delete(stack: &Stack, number: u64) {
    let tenant: Tenant = stack.tenant();
    let uuid = tenant.customer_uuid(CustomerNumber::new(number).unwrap());
    stack.store.customer_delete(&tenant, uuid, Write::plain()).await.unwrap();
}

#[tokio::test]
async fn changes_and_deletions_are_exported_once() {
    let stack = Stack::start().await;
    let folder = Folder::new(&stack);
    add(&stack, &["Ann", "Bob", "Cid", "Dan"]).await;
    let first = folder.export(of(ExportKind::Customers)).await;
    assert_eq!((first.manifest.rows, first.manifest.deleted), (4, None));
    assert_eq!(folder.changes(of(ExportKind::Customers)).await, []);

    change(&stack, 2, |fields| fields.phone = Some("1".into())).await;
    change(&stack, 2, |fields| fields.phone = Some("2".into())).await;
    delete(&stack, 3).await;
    add(&stack, &["Eve"]).await;
    let rows = folder.changes(of(ExportKind::Customers)).await;
    let changed = cells(&rows, ["id", "lastName", "phone", "deleted_at"]);
    let now = stack.clock.ambient().now().plus_seconds(-1).to_rfc3339_seconds();
    let expected = [["cust_5", "Eve", "", ""], ["cust_2", "Bob", "2", ""], ["cust_3", "", "", now.as_str()]];
    assert_eq!(changed, expected.map(|row| row.map(str::to_owned)));
    assert_eq!(folder.changes(of(ExportKind::Customers)).await, []);
}

#[tokio::test]
async fn customers_that_leave_the_filter_are_deletions() {
    let stack = Stack::start().await;
    let folder = Folder::new(&stack);
    add(&stack, &["Ann", "Bob"]).await;
    let filter = ExportFilter { status: Some(Status::Active), ..ExportFilter::default() };
    let content = ExportContent { filter, ..ExportContent::default() };
    assert_eq!(folder.export(content.clone()).await.manifest.rows, 2);
    change(&stack, 1, |fields| fields.status = Status::Inactive).await;
    let rows = folder.changes(content.clone()).await;
    assert_eq!((rows.len(), rows[0]["id"].as_str()), (1, "cust_1"));
    assert!(!rows[0]["deleted_at"].is_empty());
    change(&stack, 1, |fields| fields.status = Status::Active).await;
    let rows = folder.changes(content).await;
    assert_eq!(cells(&rows, ["id", "status", "deleted_at"]), [["cust_1", "ACTIVE", ""].map(str::to_owned)]);
}

#[tokio::test]
async fn renamed_tag_is_a_change_of_its_customers() {
    let stack = Stack::start().await;
    let (folder, tenant) = (Folder::new(&stack), stack.tenant());
    let authorized = || Box::pin(std::future::ready(Ok(WriteRules::default())));
    let tag = stack.store.tag_create(&tenant, "weekly".into(), Color::default(), None, authorized()).await;
    let tag = tag.unwrap().id;
    add(&stack, &["Ann", "Bob"]).await;
    change(&stack, 2, |fields| fields.tag_ids = vec![tag.clone()]).await;
    folder.export(of(ExportKind::Customers)).await;
    let renamed = TagChange { name: Some("daily".into()), color: None };
    stack.store.tag_update(&tenant, &tag, renamed, authorized()).await.unwrap();
    let rows = folder.changes(of(ExportKind::Customers)).await;
    assert_eq!(cells(&rows, ["id", "tags"]), [["cust_2", "daily"].map(str::to_owned)]);
}

#[tokio::test]
async fn export_of_contacts_has_all_contacts_of_changed_customers() {
    let stack = Stack::start().await;
    let folder = Folder::new(&stack);
    add(&stack, &["Ann", "Bob"]).await;
    let contact = |name: &str| {
        json!({ "id": format!("cont_{name}"), "name": name, "is_primary": false,
        "created_at": 0, "updated_at": 0 })
    };
    let contacts = |names: &[&str]| {
        serde_json::from_value::<Vec<_>>(names.iter().map(|name| contact(name)).collect()).unwrap()
    };
    for number in [1, 2] {
        change(&stack, number, |fields| fields.contacts = contacts(&["Zoe", "Yan"])).await;
    }
    assert_eq!(folder.export(of(ExportKind::Contacts)).await.manifest.rows, 4);
    change(&stack, 1, |fields| fields.contacts = contacts(&["Zoe", "Yan", "Xia"])).await;
    let rows = folder.changes(of(ExportKind::Contacts)).await;
    let expected = ["Zoe", "Yan", "Xia"].map(|name| ["cust_1".to_owned(), name.to_owned()]);
    assert_eq!(cells(&rows, ["customerId", "name"]), expected);
    change(&stack, 1, |fields| fields.contacts = Vec::new()).await;
    delete(&stack, 2).await;
    let rows = folder.changes(of(ExportKind::Contacts)).await;
    assert_eq!(
        cells(&rows, ["customerId", "name"]),
        [["cust_2", ""], ["cust_1", ""]].map(|row| row.map(str::to_owned))
    );
}

#[tokio::test]
async fn changed_and_removed_orders_are_exported() {
    let stack = Stack::start().await;
    let folder = Folder::new(&stack);
    add(&stack, &["Ann", "Bob"]).await;
    let delivered = |id: &str, cents| order(id, "2024-01-15T10:30:00Z", OrderStatus::Delivered, cents);
    write(&stack, "cust_1", &[delivered("1", 100), delivered("2", 200)]).await;
    write(&stack, "cust_2", &[delivered("3", 300)]).await;
    assert_eq!(folder.export(of(ExportKind::Orders)).await.manifest.rows, 3);
    assert_eq!(folder.changes(of(ExportKind::Orders)).await, []);
    write(&stack, "cust_1", &[delivered("1", 150), removal("2")]).await;
    let rows = folder.changes(of(ExportKind::Orders)).await;
    let [kept, removed] = ["1", "2"].map(|id| delivered(id, 1).key.order_id().as_str().to_owned());
    let found = cells(&rows, ["orderId", "customerId", "total"]);
    assert_eq!(found, [[kept, "cust_1".into(), "1.50".into()], [removed, "cust_1".into(), String::new()]]);
    assert_eq!(rows.iter().map(|row| row["deleted_at"].is_empty()).collect::<Vec<_>>(), [true, false]);
    // Orders do not vanish with their customer, so its deletion is no change of them.
    delete(&stack, 2).await;
    assert_eq!(folder.changes(of(ExportKind::Orders)).await, []);
    assert_eq!(folder.export(of(ExportKind::Orders)).await.manifest.rows, 2);
}

/// An order that is created again starts at version 1, below the version of its removal in the log.
#[tokio::test]
async fn order_that_was_removed_and_created_again_is_exported() {
    let stack = Stack::start().await;
    let folder = Folder::new(&stack);
    add(&stack, &["Ann"]).await;
    folder.export(of(ExportKind::Orders)).await;
    let delivered = |cents| order("1", "2024-01-15T10:30:00Z", OrderStatus::Delivered, cents);
    for change in [delivered(100), delivered(150), removal("1"), delivered(200)] {
        write(&stack, "cust_1", &[change]).await;
    }
    let rows = folder.changes(of(ExportKind::Orders)).await;
    assert_eq!(cells(&rows, ["total", "deleted_at"]), [["2.00", ""].map(str::to_owned)]);
    assert_eq!(folder.export(of(ExportKind::Orders)).await.manifest.rows, 1);
    assert_eq!(folder.export(of(ExportKind::Customers)).await.manifest.rows, 1);
}

#[tokio::test]
async fn changed_prices_are_exported() {
    let stack = Stack::start().await;
    let (folder, tenant) = (Folder::new(&stack), stack.tenant());
    add(&stack, &["Ann"]).await;
    let price = |owner, product: &str, amount: &str| PriceEntry {
        owner,
        product: product.parse().unwrap(),
        price: serde_json::from_value(json!({ "amount": amount, "currency": "USD" })).unwrap(),
    };
    let ann = PriceOwner::Customer(tenant.customer_uuid(CustomerNumber::new(1).unwrap()));
    let prices =
        [price(PriceOwner::List, "a", "1.00"), price(PriceOwner::List, "b", "2.00"), price(ann, "a", "0.90")];
    stack.store.prices_put(&tenant, &prices).await.unwrap();
    let all = rows(&folder.export(of(ExportKind::Prices)).await);
    let columns = ["customerId", "productId", "defaultPrice", "customerPrice"];
    let expected = [["", "a", "1.00", ""], ["", "b", "2.00", ""], ["cust_1", "a", "", "0.90"]];
    assert_eq!(cells(&all, columns), expected.map(|row| row.map(str::to_owned)));
    stack
        .store
        .prices_put(&tenant, &[price(ann, "a", "0.80"), price(PriceOwner::List, "b", "3.00")])
        .await
        .unwrap();
    let changed = folder.changes(of(ExportKind::Prices)).await;
    let expected = [["", "b", "3.00", ""], ["cust_1", "a", "", "0.80"]];
    assert_eq!(cells(&changed, columns), expected.map(|row| row.map(str::to_owned)));
}

#[tokio::test]
async fn export_that_continues_no_other_is_complete_and_says_so() {
    let stack = Stack::start().await;
    let folder = Folder::new(&stack);
    add(&stack, &["Ann", "Bob"]).await;
    let incremental = ExportContent { incremental: true, ..of(ExportKind::Customers) };
    let check = async |content: &ExportContent, reason: &str| {
        let exported = folder.export(content.clone()).await;
        assert_eq!(exported.full_because.as_deref(), Some(reason));
        assert_eq!((exported.manifest.rows, exported.manifest.since), (2, None));
    };
    check(&incremental, "there is no export before this one").await;
    assert_eq!(folder.changes(of(ExportKind::Customers)).await, []);
    let filter = ExportFilter { status: Some(Status::Active), ..ExportFilter::default() };
    check(&ExportContent { filter, ..incremental.clone() }, "the last export has another filter").await;
    check(&incremental, "the last export has another filter").await;
    let full = ExportContent { columns: ExportColumns::Full, ..incremental.clone() };
    check(&full, "the last export has other columns").await;
    check(&incremental, "the last export has other columns").await;
    let gzip = ExportContent { format: ExportFormat::CsvGz, ..incremental.clone() };
    check(&gzip, "the last export has another format").await;
    check(&incremental, "the last export has another format").await;

    // Positions of before a restore, and those whose changes have expired, are not continued.
    stack.store.log_epoch_renew(&stack.tenant()).await.unwrap();
    check(
        &incremental,
        "the table has been restored since this position, or the position is of another tenant's log",
    )
    .await;
    let latest = folder.path().join("customers/latest.json");
    std::fs::write(&latest, "{}").unwrap();
    let reason = format!("{} is not readable", latest.display());
    check(&incremental, &reason).await;
}
