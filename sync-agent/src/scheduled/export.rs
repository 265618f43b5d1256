//! `export-scheduled`: makes the scheduled exports that are due, one after the other.
//!
//! One schedule invokes it every 15 minutes for all tenants. The event is `{}`, or it names a tenant, a mode or both:
//! `{"tenant": "acme", "mode": "live"}`. An export that fails stays due, so the next invocation makes it. An invocation fails
//! if an export has failed.

use std::time::Duration;

use clientele_shared::csv::FormulaGuard;
use clientele_shared::model::{ExportSchedule, Mode, RealmOwner, Tenant, TenantId, Timestamp};
use clientele_shared::store::Store;
use clientele_shared::table::environment;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::{logging, time_left};
use crate::cancellation::CancellationToken;
use crate::connect;
use crate::export::{
    Bucket, ExportDestination, ExportError, ExportOptions, ExportTarget, Exported, Exporter,
};

/// The name of the function in `template.yaml`, of its binary and of its test.
pub const NAME: &str = "export-scheduled";

/// How long before the end of the invocation an export is stopped, so that its upload can be aborted.
const RESERVE: Duration = Duration::from_secs(30);

/// How long the lease of an export lasts, in seconds: longer than an invocation.
const LEASE_SECONDS: i64 = 20 * 60;

/// The event: whose exports are made. A missing member stands for all.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ExportEvent {
    tenant: Option<TenantId>,
    mode: Option<Mode>,
}

/// The reason why an invocation fails.
#[derive(Debug, thiserror::Error)]
pub enum ScheduledExportError {
    /// The event is not what the schedule should send.
    #[error(
        "the event must be a JSON object with at most the members `tenant` and `mode`: {0}; correct the schedule"
    )]
    Event(serde_json::Error),
    /// The scheduled exports cannot be read.
    #[error("cannot read the scheduled exports: {}", .0.chain())]
    Store(#[from] clientele_shared::Error),
    /// Exports have failed.
    #[error(
        "{failed} of {due} exports failed; the log has the reason of each, and the next invocation repeats them"
    )]
    Failed {
        /// Number of exports that failed.
        failed: usize,
        /// Number of exports that were due.
        due: usize,
    },
}

/// How a due export ended.
enum Ended {
    Exported(Box<Exported>),
    /// Another invocation is making it.
    Busy,
    Failed(String),
}

/// Makes the due exports for each event.
#[derive(Debug)]
pub struct ScheduledExport {
    store: Store,
    s3: aws_sdk_s3::Client,
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
        let export = ScheduledExport::new(store, connect::s3(None).await?);
        let export = &export;
        lambda_runtime::run(service_fn(async |event| {
            Ok::<_, lambda_runtime::Error>(export.handle(event).await?)
        }))
        .await
    })
}

impl ScheduledExport {
    /// Returns the handler on a table and a client for S3.
    #[must_use]
    pub fn new(store: Store, s3: aws_sdk_s3::Client) -> Self {
        Self { store, s3, reserve: RESERVE }
    }

    /// Returns the same handler with another reserve: how long before the end of the invocation an export is stopped.
    #[must_use]
    pub fn with_reserve(self, reserve: Duration) -> Self {
        Self { reserve, ..self }
    }

    /// Makes the exports that are due. Returns the number of those that were due, that were made and that another
    /// invocation is making.
    ///
    /// # Errors
    /// Returns [`ScheduledExportError::Failed`] if an export failed, after all others were made. Returns
    /// [`ScheduledExportError::Event`] if the event is wrong, and [`ScheduledExportError::Store`] if the scheduled exports
    /// cannot be read.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, ScheduledExportError> {
        let LambdaEvent { payload, context } = event;
        let end = Instant::now() + time_left(&context, self.store.ambient().now());
        let event: ExportEvent = serde_json::from_value(payload).map_err(ScheduledExportError::Event)?;
        let due = self.due(event).await?;
        let (mut exported, mut busy, mut failed) = (0_usize, 0_usize, 0_usize);
        for (owner, schedule) in &due {
            let ended = self.export_once(owner, schedule, end).await;
            log(&context.request_id, owner, schedule, &ended);
            match ended {
                Ended::Exported(_) => exported += 1,
                Ended::Busy => busy += 1,
                Ended::Failed(_) => failed += 1,
            }
        }
        match failed {
            0 => Ok(json!({ "due": due.len(), "exported": exported, "busy": busy })),
            failed => Err(ScheduledExportError::Failed { failed, due: due.len() }),
        }
    }

    /// Returns the exports that are due, the one that has waited longest first.
    async fn due(&self, event: ExportEvent) -> clientele_shared::Result<Vec<(RealmOwner, ExportSchedule)>> {
        let tenants = match event.tenant {
            Some(tenant) => vec![tenant],
            None => self.store.tenants_list().await?,
        };
        let now = self.store.ambient().now();
        let mut due = Vec::new();
        for tenant in tenants {
            for mode in
                [Mode::Live, Mode::Test].into_iter().filter(|mode| event.mode.is_none_or(|one| one == *mode))
            {
                let schedules = self.store.schedules_list(&Tenant::new(&tenant, mode)).await?;
                let owner = RealmOwner { tenant: tenant.clone(), mode };
                due.extend(
                    schedules.into_iter().filter(|one| one.next_at <= now).map(|one| (owner.clone(), one)),
                );
            }
        }
        due.sort_by_key(|(_, schedule)| waits_since(schedule));
        Ok(due)
    }

    /// Makes an export unless another invocation is making it, and stores the result.
    async fn export_once(&self, owner: &RealmOwner, schedule: &ExportSchedule, end: Instant) -> Ended {
        let tenant = owner.tenant();
        let random = self.store.ambient();
        let holder = format!("{:016x}{:016x}", random.random(), random.random());
        match self.store.export_lease_take(&tenant, &schedule.name, &holder, LEASE_SECONDS).await {
            Ok(None) => {}
            Ok(Some(_)) => return Ended::Busy,
            Err(error) => return Ended::Failed(error.chain()),
        }
        let ended = match self.export(owner, schedule, end).await {
            Ok(exported) => Ended::Exported(Box::new(exported)),
            Err(reason) => Ended::Failed(reason),
        };
        let stored = self.store_result(&tenant, schedule, &ended).await;
        // A lease that cannot be returned expires.
        drop(self.store.export_lease_release(&tenant, &schedule.name, &holder).await);
        match stored {
            Ok(()) => ended,
            Err(error) => Ended::Failed(format!("the result cannot be stored: {}", error.chain())),
        }
    }

    async fn export(
        &self,
        owner: &RealmOwner,
        schedule: &ExportSchedule,
        end: Instant,
    ) -> Result<Exported, String> {
        let ExportTarget::S3 { bucket, prefix } =
            schedule.to.parse().map_err(|e| format!("{}: {e}", schedule.to))?
        else {
            return Err(format!("{} is not the address of a bucket; set the schedule again", schedule.to));
        };
        let to = ExportDestination::S3(Bucket { client: self.s3.clone(), name: bucket, prefix });
        let options = ExportOptions { content: schedule.content.clone(), guard: FormulaGuard::On };
        let cancellation = CancellationToken::default();
        let exporter = Exporter::new(self.store.clone(), owner.tenant.clone(), owner.mode, options)
            .with_cancellation(cancellation.clone());
        let timer = tokio::spawn(cancel_at(end - self.reserve, cancellation));
        let exported = exporter.run(&to, &mut |_| {}).await;
        timer.abort();
        exported.map_err(|error| match error {
            ExportError::Interrupted => ExportError::TimeUp.to_string(),
            error => error.to_string(),
        })
    }

    /// Stores when the export was made and when the next one is due. One that failed stays due.
    async fn store_result(
        &self,
        tenant: &Tenant,
        schedule: &ExportSchedule,
        ended: &Ended,
    ) -> clientele_shared::Result<()> {
        let now = self.store.ambient().now();
        let mut new = ExportSchedule { last_at: Some(now), ..schedule.clone() };
        match ended {
            Ended::Exported(exported) => {
                new.next_at = ExportSchedule::due_after(schedule.every, schedule.at, now);
                new.last_result = Some(format!("done: {} rows", exported.manifest.rows));
            }
            Ended::Failed(reason) => new.last_result = Some(format!("failed: {reason}")),
            Ended::Busy => return Ok(()),
        }
        // A schedule that was set or removed meanwhile stays as it is.
        self.store.schedule_replace(tenant, schedule, &new).await.map(drop)
    }
}

/// Returns when an export was last attempted, or when its first one was due. One that fails every time therefore does not
/// hold up the others for ever.
fn waits_since(schedule: &ExportSchedule) -> Timestamp {
    schedule.last_at.unwrap_or(schedule.next_at)
}

/// Requests cancellation at a moment.
async fn cancel_at(moment: Instant, cancellation: CancellationToken) {
    sleep_until(moment).await;
    cancellation.request();
}

/// Logs how an export ended, in one line without personal data.
fn log(request_id: &str, owner: &RealmOwner, schedule: &ExportSchedule, ended: &Ended) {
    let (tenant, mode, name) = (owner.tenant.to_string(), owner.mode.to_string(), schedule.name.as_str());
    match ended {
        Ended::Exported(exported) => {
            let (manifest, seconds) = (&exported.manifest, exported.elapsed.as_secs_f64());
            let full_because = exported.full_because.as_deref();
            tracing::info!(
                function = NAME,
                request_id,
                tenant,
                mode,
                schedule = name,
                file = exported.place,
                rows = manifest.rows,
                bytes = manifest.bytes,
                seconds,
                full_because,
                "exported"
            );
        }
        Ended::Busy => {
            tracing::info!(
                function = NAME,
                request_id,
                tenant,
                mode,
                schedule = name,
                "another invocation is exporting"
            );
        }
        Ended::Failed(reason) => {
            tracing::error!(
                function = NAME,
                request_id,
                tenant,
                mode,
                schedule = name,
                reason,
                "export failed"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use clientele_shared::model::{Every, ExportContent, TimeOfDay};

    use super::*;

    #[test]
    fn export_that_failed_a_moment_ago_comes_after_those_that_wait() {
        let at = |second: i64| Timestamp::from_millis(0).plus_seconds(second);
        let schedule = |name: &str, next_at: i64, last_at: Option<i64>| ExportSchedule {
            name: name.parse().unwrap(),
            content: ExportContent::default(),
            to: "s3://b".into(),
            every: Every::Day,
            at: TimeOfDay::default(),
            next_at: at(next_at),
            last_at: last_at.map(at),
            last_result: None,
        };
        let mut due = [
            schedule("fails", 100, Some(500)),
            schedule("yesterday", 400, Some(90)),
            schedule("new", 300, None),
        ];
        due.sort_by_key(waits_since);
        assert_eq!(due.map(|schedule| schedule.name.to_string()), ["yesterday", "new", "fails"]);
    }
}
