//! The results of runs and of plans.

use clientele_shared::model::CustomerNumber;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// The result of a sync.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SyncReport {
    /// Customers that went to QuickBooks.
    pub pushed: Pushed,
    /// Changes that came from QuickBooks.
    pub pulled: Pulled,
    /// The conflicts that are not resolved, those of earlier runs included.
    pub conflicts: usize,
    /// The customers and documents that were refused, those of earlier runs included.
    pub refused: usize,
    /// The customers that wait for the next sync.
    pub pending: usize,
    /// The calls of QuickBooks.
    pub calls: Calls,
    /// Documents of QuickBooks that cannot be mirrored, and why; those of earlier runs included.
    pub unreadable: Vec<String>,
}

/// Customers that a sync wrote to QuickBooks, or compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Pushed {
    /// Created there.
    pub created: u64,
    /// Changed there.
    pub updated: u64,
    /// Made inactive there.
    pub deactivated: u64,
    /// Found there and linked.
    pub linked: u64,
    /// Equal on both sides.
    pub unchanged: u64,
}

/// Changes that a sync took from QuickBooks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Pulled {
    /// Customers that are new or changed here.
    pub customers: u64,
    /// Orders that are new, changed or removed here.
    pub orders: u64,
    /// Payments that are new, changed or removed.
    pub payments: u64,
    /// Prices that are new or changed here.
    pub prices: u64,
}

/// The calls of QuickBooks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// Reads and queries, which Intuit meters.
    pub reads: u64,
    /// Objects that were written.
    pub writes: u64,
    /// Batches.
    pub batches: u64,
}

/// The changes that a sync would make.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Plan {
    /// Customers to be created in QuickBooks.
    pub create: Vec<Planned>,
    /// Customers to be changed there.
    pub update: Vec<Planned>,
    /// Customers to be made inactive there.
    pub deactivate: Vec<Planned>,
    /// Customers to be linked to one that is there.
    pub link: Vec<Planned>,
    /// Customers to be created or changed here.
    pub pull: Vec<Planned>,
    /// Fields that both sides have changed.
    pub conflicts: Vec<PlannedConflict>,
    /// Customers that cannot be written to QuickBooks.
    pub refused: Vec<Refused>,
}

/// A customer that a sync would change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    /// Our id; absent for a customer that is new here.
    #[serde(serialize_with = "customer_id")]
    pub id: Option<CustomerNumber>,
    /// The id in QuickBooks; absent for a customer that is new there.
    pub quickbooks_id: Option<String>,
    /// The customer's name.
    pub name: String,
    /// The values that change, by field.
    pub changes: BTreeMap<&'static str, PlannedChange>,
}

/// A value that changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedChange {
    /// The value now; null if the field is empty.
    pub old: Value,
    /// The value after the sync.
    pub new: Value,
}

/// A field that both sides have changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedConflict {
    /// Our id.
    #[serde(serialize_with = "customer_id")]
    pub id: Option<CustomerNumber>,
    /// The id in QuickBooks.
    pub quickbooks_id: String,
    /// The customer's name.
    pub name: String,
    /// The field.
    pub field: &'static str,
    /// The value when the two sides last agreed.
    pub base: Value,
    /// Our value.
    pub ours: Value,
    /// The value of QuickBooks.
    pub theirs: Value,
    /// The side whose value wins.
    pub winner: &'static str,
}

/// A customer that cannot be written to QuickBooks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refused {
    /// Our id.
    #[serde(serialize_with = "customer_id")]
    pub id: Option<CustomerNumber>,
    /// The id in QuickBooks, if it has one.
    pub quickbooks_id: Option<String>,
    /// The customer's name.
    pub name: String,
    /// The reason, and what to do.
    pub reason: String,
}

/// Writes an id as every command shows it: `cust_456`.
fn customer_id<S: Serializer>(number: &Option<CustomerNumber>, serializer: S) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => serializer.collect_str(&format_args!("cust_{number}")),
        None => serializer.serialize_none(),
    }
}

/// The phase of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncPhase {
    /// It reads QuickBooks.
    Reading,
    /// It compares customers and writes those that differ.
    Customers,
    /// It takes customers over from QuickBooks.
    Adopting,
    /// It stores sales and prices.
    Documents,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The phase.
    pub phase: SyncPhase,
    /// How much of that is done.
    pub done: u64,
    /// How much there is to do; 0 if that is not known.
    pub total: u64,
}
