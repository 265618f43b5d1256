//! The reasons why a run of the mirror ends early. Its work so far is stored, and the next run continues.

use clientele_shared::Error;
use clientele_shared::model::Timestamp;

use crate::quickbooks::QuickBooksError;

/// The reason why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// Another run works on the company.
    #[error("another run is working on this company; wait for it to end, or until {} if it was killed", .0.to_rfc3339_seconds())]
    Busy(Timestamp),
    /// The run was so slow that another one has taken over.
    #[error("the run was interrupted for so long that another one has taken over; run the command again")]
    LeaseLost,
    /// The run was asked to stop.
    #[error("stopped; run the command again to continue")]
    Stopped,
    /// The time of the run is over.
    #[error("the time is over; the next run continues")]
    TimeUp,
    /// The table cannot be used.
    #[error("{}", .0.chain())]
    Store(#[from] Error),
    /// QuickBooks cannot be used.
    #[error(transparent)]
    QuickBooks(#[from] QuickBooksError),
    /// The customer or field is not in conflict.
    #[error("{0}")]
    NoConflict(String),
}
