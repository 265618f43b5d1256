//! `sync-scheduled`: syncs every connected company on a schedule, one after the other, in both directions.
//!
//! The event is `{}`, or it names a tenant, a mode or both: `{"tenant": "acme", "mode": "live"}`. An invocation ends before
//! its time is over. A sync that was not finished by then has stored its progress, and the next invocation continues it.
//! An invocation fails if a company needs a person: its authorization has ended, or it was not synced for a day.

use std::sync::Arc;
use std::time::Duration;

use clientele_shared::model::{Mode, TenantId};
use clientele_shared::store::Store;
use clientele_shared::table::environment;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::companies::{self, Company};
use super::outcome::Outcome;
use super::{logging, time_left};
use crate::connection::{Connector, secret_store};
use crate::mirror::{MirrorError, Progress, SyncOptions};
use crate::quickbooks::secrets::SecretStore;

/// The name of the function in `template.yaml`, of its binary and of its test.
pub const NAME: &str = "sync-scheduled";

/// How long before the end of the invocation a sync ends between two steps.
const RESERVE: Duration = Duration::from_secs(30);

/// The event: which companies are synced. A missing member stands for all.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SyncEvent {
    tenant: Option<TenantId>,
    mode: Option<Mode>,
}

/// The reason why an invocation fails.
#[derive(Debug, thiserror::Error)]
pub enum ScheduledError {
    /// The event is not what the schedule should send.
    #[error(
        "the event must be a JSON object with at most the members `tenant` and `mode`: {0}; correct the schedule"
    )]
    Event(serde_json::Error),
    /// The event names a tenant that is not connected.
    #[error("tenant {0} is not connected to QuickBooks; run `sync-agent connect`, or correct the schedule")]
    NotConnected(TenantId),
    /// The connections cannot be read.
    #[error("cannot read the connections: {}", .0.chain())]
    Store(#[from] clientele_shared::Error),
    /// Companies need a person.
    #[error("{failed} of {companies} companies cannot be synced; the log has the reason of each")]
    Failed {
        /// Number of companies that need a person.
        failed: usize,
        /// Number of companies of the event.
        companies: usize,
    },
}

/// Syncs companies for each event.
#[derive(Debug)]
pub struct ScheduledSync {
    store: Store,
    secrets: Arc<dyn SecretStore>,
    reserve: Duration,
}

/// Runs the function, until Lambda ends the process.
///
/// # Errors
/// Returns an error if the configuration is incomplete or unusable, or if the runtime interface of Lambda cannot be
/// reached.
pub fn serve() -> Result<(), lambda_runtime::Error> {
    logging::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = environment::store(&environment::table()?, None).await?;
        let sync = ScheduledSync::new(store, secret_store(None).await?);
        let sync = &sync;
        lambda_runtime::run(service_fn(async |event| {
            Ok::<_, lambda_runtime::Error>(sync.handle(event).await?)
        }))
        .await
    })
}

impl ScheduledSync {
    /// Returns the handler on a table and a store of secrets.
    #[must_use]
    pub fn new(store: Store, secrets: Arc<dyn SecretStore>) -> Self {
        Self { store, secrets, reserve: RESERVE }
    }

    /// Returns the same handler with another reserve: how long before the end of the invocation a sync ends between two
    /// steps. A sync that is still within a step is interrupted after five sixths of the reserve, as if it were killed.
    #[must_use]
    pub fn with_reserve(self, reserve: Duration) -> Self {
        Self { reserve, ..self }
    }

    /// Syncs the companies of an event until the time is over. Returns the number of companies, of those that were synced
    /// and of those that a later invocation continues.
    ///
    /// # Errors
    /// Returns [`ScheduledError::Failed`] if a company needs a person, after all others were synced.
    /// Returns [`ScheduledError::Event`] or [`ScheduledError::NotConnected`] if the event is wrong, and
    /// [`ScheduledError::Store`] if the connections cannot be read.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, ScheduledError> {
        let LambdaEvent { payload, context } = event;
        let end = Instant::now() + time_left(&context, self.store.ambient().now());
        let SyncEvent { tenant, mode } = serde_json::from_value(payload).map_err(ScheduledError::Event)?;
        let companies = companies::connected(&self.store, tenant.as_ref(), mode).await?;
        if let Some(tenant) = tenant.filter(|_| companies.is_empty()) {
            return Err(ScheduledError::NotConnected(tenant));
        }
        let (mut synced, mut later, mut failed) = (0_usize, 0_usize, 0_usize);
        for company in &companies {
            match self.sync_and_log(company, end, &context.request_id).await {
                Outcome::Synced(_) => synced += 1,
                Outcome::Later(_) => later += 1,
                Outcome::Failed(_) => failed += 1,
            }
        }
        match failed {
            0 => Ok(json!({ "companies": companies.len(), "synced": synced, "later": later })),
            failed => Err(ScheduledError::Failed { failed, companies: companies.len() }),
        }
    }

    async fn sync_and_log(&self, company: &Company, end: Instant, request_id: &str) -> Outcome {
        let started = Instant::now();
        let mut progress = None;
        let outcome = self.sync(company, end, &mut progress).await;
        let is_stale = company.is_stale(self.store.ambient().now());
        let outcome = if is_stale { outcome.of_stale_company() } else { outcome };
        outcome.log(request_id, company, started.elapsed(), progress);
        outcome
    }

    /// Syncs one company. `progress` is set to how far the sync has come if it does not complete.
    async fn sync(&self, company: &Company, end: Instant, progress: &mut Option<Progress>) -> Outcome {
        let deadline = end - self.reserve;
        if deadline <= Instant::now() {
            return MirrorError::TimeUp.into();
        }
        let connector = Connector::new(self.store.clone(), company.owner.clone(), Arc::clone(&self.secrets));
        let mirror = match connector.open(company.connection.clone()) {
            Ok(mirror) => mirror.until(Some(deadline)),
            Err(error) => return error.into(),
        };
        let mut watch = |now| *progress = Some(now);
        let sync = mirror.sync(SyncOptions::default(), &mut watch);
        // A step can take minutes while QuickBooks limits requests. A sync can be interrupted at any point.
        match timeout_at(end - self.reserve / 6, sync).await {
            Ok(Ok(report)) => Outcome::Synced(Box::new(report)),
            Ok(Err(error)) => error.into(),
            Err(_) => MirrorError::TimeUp.into(),
        }
    }
}
