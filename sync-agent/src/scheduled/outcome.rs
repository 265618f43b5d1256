//! How the sync of a company ended: one line in the log, without personal data and secrets.

use std::time::Duration;

use clientele_shared::Error as StoreError;

use super::companies::Company;
use crate::connection::ConnectionError;
use crate::mirror::{MirrorError, Progress, SyncReport};
use crate::quickbooks::{Fault, QuickBooksError};

/// How the sync of a company ended.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    /// Both sides are equal.
    Synced(Box<SyncReport>),
    /// Nothing is wrong, and a later invocation continues.
    Later(String),
    /// A person has to act.
    Failed(String),
}

impl From<ConnectionError> for Outcome {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::Store(error) => error.into(),
            ConnectionError::QuickBooks(error) => error.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<MirrorError> for Outcome {
    fn from(error: MirrorError) -> Self {
        match error {
            MirrorError::Store(error) => error.into(),
            MirrorError::QuickBooks(error) => error.into(),
            MirrorError::Busy(_) | MirrorError::LeaseLost | MirrorError::Stopped | MirrorError::TimeUp => {
                Self::Later(error.to_string())
            }
            MirrorError::NoConflict(_) => Self::Failed(error.to_string()),
        }
    }
}

impl From<StoreError> for Outcome {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Throttled { .. } | StoreError::Unavailable { .. } | StoreError::Conflict(_) => {
                Self::Later(error.chain())
            }
            other => Self::Failed(other.chain()),
        }
    }
}

impl From<QuickBooksError> for Outcome {
    fn from(error: QuickBooksError) -> Self {
        let is_temporary = error.is_temporary();
        // The text of a fault can contain data of the company.
        let reason = match error {
            QuickBooksError::Refused(fault) => QuickBooksError::Refused(without_text(fault)),
            QuickBooksError::Unavailable(fault) => QuickBooksError::Unavailable(without_text(fault)),
            QuickBooksError::SubscriptionLapsed(fault) => {
                QuickBooksError::SubscriptionLapsed(without_text(fault))
            }
            other => other,
        };
        if is_temporary { Self::Later(reason.to_string()) } else { Self::Failed(reason.to_string()) }
    }
}

fn without_text(fault: Fault) -> Fault {
    Fault { message: String::new(), detail: String::new(), ..fault }
}

impl Outcome {
    /// Returns the outcome for a company that has not been synced for a day: a reason that passes by itself has not passed.
    pub(super) fn of_stale_company(self) -> Self {
        match self {
            Self::Later(reason) => Self::Failed(format!("no sync has completed for 24 hours: {reason}")),
            other => other,
        }
    }

    /// Writes the line about a company. `progress` is how far a sync came that did not complete.
    pub(super) fn log(
        &self,
        request_id: &str,
        company: &Company,
        elapsed: Duration,
        progress: Option<Progress>,
    ) {
        let (tenant, mode) = (company.owner.tenant.to_string(), company.owner.mode.to_string());
        let (function, realm) = (super::sync::NAME, company.connection.realm.as_str());
        let seconds = (elapsed.as_secs_f64() * 1000.0).round() / 1000.0;
        let phase = progress.map(|progress| format!("{:?}", progress.phase));
        let (done, total) = (progress.map(|progress| progress.done), progress.map(|progress| progress.total));
        match self {
            Self::Synced(report) => log_synced(report, request_id, company, seconds),
            Self::Later(reason) => tracing::info!(
                function,
                request_id,
                tenant,
                mode,
                realm,
                seconds,
                phase,
                done,
                total,
                reason,
                "company is synced later"
            ),
            Self::Failed(reason) => tracing::error!(
                function,
                request_id,
                tenant,
                mode,
                realm,
                seconds,
                phase,
                done,
                total,
                reason,
                "company cannot be synced"
            ),
        }
    }
}

fn log_synced(report: &SyncReport, request_id: &str, company: &Company, seconds: f64) {
    let (pushed, pulled) = (&report.pushed, &report.pulled);
    tracing::info!(
        function = super::sync::NAME,
        request_id,
        tenant = company.owner.tenant.to_string(),
        mode = company.owner.mode.to_string(),
        realm = company.connection.realm.as_str(),
        seconds,
        created = pushed.created,
        updated = pushed.updated,
        deactivated = pushed.deactivated,
        linked = pushed.linked,
        unchanged = pushed.unchanged,
        pulled = pulled.customers,
        orders = pulled.orders,
        payments = pulled.payments,
        prices = pulled.prices,
        conflicts = report.conflicts,
        refused = report.refused,
        pending = report.pending,
        reads = report.calls.reads,
        "company synced"
    );
}

#[cfg(test)]
mod tests {
    use clientele_shared::model::Timestamp;
    use serde_json::{Value, json};

    use super::super::companies::tests::company;
    use super::super::logging::tests::logged;
    use super::*;
    use crate::mirror::{Calls, Pulled, Pushed, SyncPhase};

    fn line(outcome: &Outcome, progress: Option<Progress>) -> Value {
        let elapsed = Duration::from_micros(1_234_567);
        let [line] = logged(|| outcome.log("platform-1", &company("acme", None), elapsed, progress))
            .try_into()
            .unwrap();
        line
    }

    fn fault() -> Fault {
        Fault {
            status: 400,
            code: "2020".into(),
            message: "Ann".into(),
            detail: "Ann Lee".into(),
            tid: Some("1-2".into()),
        }
    }

    #[test]
    fn line_of_a_completed_sync_has_all_counts_and_no_name() {
        let report = SyncReport {
            pushed: Pushed { created: 1, updated: 2, deactivated: 3, linked: 4, unchanged: 5 },
            pulled: Pulled { customers: 6, orders: 7, payments: 8, prices: 9 },
            conflicts: 10,
            refused: 11,
            pending: 12,
            calls: Calls { reads: 13, writes: 14, batches: 15 },
            unreadable: vec!["Invoice of Ann Lee".into()],
        };
        let expected = json!({
            "level": "INFO", "function": "sync-scheduled", "request_id": "platform-1", "tenant": "acme",
            "mode": "live", "realm": "9341453908217614", "seconds": 1.235, "created": 1, "updated": 2,
            "deactivated": 3, "linked": 4, "unchanged": 5, "pulled": 6, "orders": 7, "payments": 8, "prices": 9,
            "conflicts": 10, "refused": 11, "pending": 12, "reads": 13, "message": "company synced",
            "target": "clientele_sync_agent::scheduled::outcome",
        });
        assert_eq!(line(&Outcome::Synced(Box::new(report)), None), expected);
    }

    #[test]
    fn line_of_another_sync_says_why_and_how_far_it_came() {
        let progress = Progress { phase: SyncPhase::Customers, done: 120, total: 400 };
        let later = line(&MirrorError::TimeUp.into(), Some(progress));
        assert_eq!(
            (&later["level"], &later["phase"], &later["done"], &later["total"], &later["reason"]),
            (
                &json!("INFO"),
                &json!("Customers"),
                &json!(120),
                &json!(400),
                &json!("the time is over; the next run continues")
            )
        );
        let failed = line(&QuickBooksError::Refused(fault()).into(), None);
        assert_eq!(
            (&failed["level"], &failed["message"], &failed["reason"]),
            (
                &json!("ERROR"),
                &json!("company cannot be synced"),
                &json!("QuickBooks refuses the call: HTTP 400, error 2020 (intuit_tid 1-2)")
            )
        );
        assert_eq!(failed.get("phase"), None);
    }

    #[test]
    fn only_reasons_that_need_a_person_are_failures() {
        let is_later = |outcome: Outcome| matches!(outcome, Outcome::Later(_));
        let retry_after = Duration::from_secs(1);
        for error in [
            MirrorError::Busy(Timestamp::from_millis(0)),
            MirrorError::TimeUp,
            MirrorError::LeaseLost,
            StoreError::Conflict("A customer keeps changing".into()).into(),
            StoreError::Unavailable { retry_after, source: None }.into(),
            QuickBooksError::Offline.into(),
            QuickBooksError::Throttled.into(),
            QuickBooksError::Unavailable(fault()).into(),
        ] {
            let text = format!("{error:?}");
            assert!(is_later(error.into()), "{text}");
        }
        for error in [
            QuickBooksError::AuthorizationEnded,
            QuickBooksError::AccessLost,
            QuickBooksError::WrongCompany,
            QuickBooksError::InvalidClient,
            QuickBooksError::NotConnected,
            QuickBooksError::ReadsExhausted,
            QuickBooksError::SubscriptionLapsed(fault()),
            QuickBooksError::Malformed("no count".into()),
        ] {
            let text = format!("{error:?}");
            assert!(!is_later(error.into()), "{text}");
        }
        assert!(!is_later(StoreError::broken("the table has another layout").into()));
        assert!(!is_later(Outcome::from(QuickBooksError::Offline).of_stale_company()));
    }
}
