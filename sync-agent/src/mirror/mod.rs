//! The mirror: customers are kept equal here and in a company in QuickBooks, and its sales become orders here.
//!
//! [`Mirror::sync`] runs in four steps. It completes writes that an earlier run left open (`intents`), reads what has
//! changed in QuickBooks (`gather`), merges each customer that changed on either side (`reconcile`, with the pure rules
//! in [`fields`], [`merge`], [`names`] and [`wire`]) and writes to QuickBooks in batches (`outgoing`), and stores sales
//! and prices (`documents`, with the pure rules in [`sales`]). Progress is stored after each step, and everything can be
//! repeated: a run that ends at any point is continued by the next.

mod adopt;
mod conflicts;
mod directory;
mod doctor;
mod documents;
mod error;
pub mod fields;
mod gather;
mod intents;
mod lease;
pub mod merge;
mod merged;
pub mod names;
mod outgoing;
mod parking;
mod reconcile;
mod report;
mod run;
pub mod sales;
mod settle;
mod status;
mod sync;
mod unreadable;
pub mod wire;

use std::sync::Arc;

use clientele_shared::model::{Connection, RealmId, Tenant};
use clientele_shared::store::Store;
use tokio::time::Instant;

use crate::cancellation::CancellationToken;
use crate::quickbooks::QuickBooks;

pub use conflicts::Resolution;
pub use doctor::Finding;
pub use error::MirrorError;
pub use report::{
    Calls, Plan, Planned, PlannedChange, PlannedConflict, Progress, Pulled, Pushed, Refused, SyncPhase,
    SyncReport,
};
pub use status::MirrorStatus;
pub use sync::SyncOptions;

/// The mirror of a tenant's customers in a company.
#[derive(Debug, Clone)]
pub struct Mirror {
    store: Store,
    tenant: Tenant,
    connection: Arc<Connection>,
    quickbooks: QuickBooks,
    cancellation: CancellationToken,
    deadline: Option<Instant>,
}

impl Mirror {
    /// Returns the mirror of a connected company.
    #[must_use]
    pub fn new(store: Store, tenant: Tenant, connection: Connection, quickbooks: QuickBooks) -> Self {
        let (connection, cancellation) = (Arc::new(connection), CancellationToken::default());
        Self { store, tenant, connection, quickbooks, cancellation, deadline: None }
    }

    /// Returns the same mirror, which ends between two steps once cancellation is requested.
    #[must_use]
    pub fn with_cancellation(self, cancellation: CancellationToken) -> Self {
        Self { cancellation, ..self }
    }

    /// Returns the same mirror, which ends between two steps once this moment has come.
    #[must_use]
    pub fn until(self, deadline: Option<Instant>) -> Self {
        Self { deadline, ..self }
    }

    fn realm(&self) -> &RealmId {
        &self.connection.realm
    }

    /// Returns whether a run has to end: the reason, if it does.
    fn check(&self) -> Result<(), MirrorError> {
        if self.cancellation.is_requested() {
            return Err(MirrorError::Stopped);
        }
        match self.deadline {
            Some(deadline) if deadline <= Instant::now() => Err(MirrorError::TimeUp),
            _ => Ok(()),
        }
    }
}
