//! Every kind of work of the scheduled functions.

use clientele_shared::model::{ExportContent, ExportFormat, ExportKind, Mode, OrderStatus};
use serde_json::json;

use crate::export::Schedule as ExportSchedule;
use crate::mirror::COMPANY;
use crate::mirror::schedule::Schedule;
use crate::support::orders::{order, removal, write};
use crate::support::{Access, Calls, Stack};

/// Returns every access of `sync-scheduled`: a first sync, then changes on both sides, sales and reports of webhooks.
pub(super) async fn sync() -> Vec<Access> {
    let stack = Stack::start().await;
    let calls = Calls::default();
    let recorder = calls.clone();
    let schedule = Schedule::new(&stack, |config| config.interceptor(recorder));
    let acme = schedule.company("acme", Mode::Live, COMPANY).await;
    acme.add("Ann", 2).await;
    invoke(&schedule).await;
    // One customer is new in QuickBooks, another is changed on both sides, and sales arrive.
    let new = json!({ "DisplayName": "Carl Old", "PrimaryEmailAddr": { "Address": "carl@example.com" } });
    let id = acme.edit("Customer", "create", new)["Id"].clone();
    let line = json!({
        "Amount": 50, "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": { "ItemRef": { "value": "1" }, "Qty": 2, "UnitPrice": 25 },
    });
    acme.edit("Invoice", "create", json!({ "CustomerRef": { "value": id }, "Line": [line] }));
    let ann = acme.quickbooks_id(1).await;
    acme.edit("Customer", "update", json!({ "Id": ann, "Notes": "theirs" }));
    acme.change(1, |fields| fields.notes = Some("ours".into())).await;
    acme.change(2, |fields| fields.phone = Some("206-555-0123".into())).await;
    acme.report(&ann).await;
    invoke(&schedule).await;
    let mut accesses: Vec<Access> = calls.take().into_iter().flat_map(|call| call.accesses).collect();
    accesses.sort();
    accesses.dedup();
    accesses
}

async fn invoke(schedule: &Schedule<'_>) {
    let response = schedule.invoke(json!({})).await.unwrap();
    assert_eq!(response, json!({ "companies": 1, "synced": 1, "later": 0 }));
}

/// Returns every access of `export-scheduled`: complete exports of every kind, then changes of each.
pub(super) async fn export() -> Vec<Access> {
    let stack = Stack::start().await;
    let calls = Calls::default();
    let recorder = calls.clone();
    let schedule = ExportSchedule::new(&stack, |config| config.interceptor(recorder)).await;
    let acme = stack.tenant();
    for name in ["Ann", "Bob"] {
        schedule.add(&acme, name).await;
    }
    let delivered = order("1", "2024-01-15T10:30:00Z", OrderStatus::Delivered, 100);
    write(&stack, "cust_1", &[delivered]).await;
    for kind in ExportKind::ALL {
        let content = ExportContent {
            kind,
            incremental: true,
            format: ExportFormat::CsvGz,
            ..ExportContent::default()
        };
        schedule.set(&acme, kind.as_str(), content).await;
    }
    for _ in 0..2 {
        stack.clock.advance_seconds(24 * 3600);
        let made = schedule.invoke(json!({})).await.unwrap();
        assert_eq!(made, json!({ "due": 4, "exported": 4, "busy": 0 }));
        schedule.add(&acme, "Cid").await;
        write(&stack, "cust_1", &[removal("1")]).await;
    }
    let mut accesses: Vec<Access> = calls.take().into_iter().flat_map(|call| call.accesses).collect();
    accesses.sort();
    accesses.dedup();
    accesses
}
