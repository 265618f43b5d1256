//! The reasons why a connection cannot be made, opened or ended.

use clientele_shared::Error as StoreError;
use clientele_shared::model::{Currency, Mode, RealmOwner, TenantId};
use clientele_shared::table::environment::ConnectError;

use crate::quickbooks::QuickBooksError;
use crate::quickbooks::secrets::SecretsError;
use crate::quickbooks::transport::TransportSetupError;

/// The reason why a connection cannot be made, opened or ended. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The tenant does not exist.
    #[error(
        "tenant `{0}` does not exist; create it with `clientele tenant create {0}`, or pass another --tenant \
         NAME"
    )]
    NoTenant(TenantId),
    /// The set of records is not connected.
    #[error("{} is not connected to QuickBooks; connect it with `sync-agent connect`", described(.0))]
    NotConnected(RealmOwner),
    /// The company belongs to another tenant.
    #[error(
        "the company is connected to {}; disconnect it there with `sync-agent disconnect --tenant {} --mode {}`",
        described(.0),
        .0.tenant,
        .0.mode
    )]
    OtherTenant(RealmOwner),
    /// The company has another currency than the customers.
    #[error(
        "the company keeps its books in {company}, and your customers are in {expected}; if customers without a \
         currency are in {company}, connect with --currency {company}"
    )]
    OtherCurrency {
        /// The currency of the company.
        company: Currency,
        /// The currency of customers without one.
        expected: Currency,
    },
    /// The company's currency is not a code of three letters.
    #[error(
        "QuickBooks says that the company's currency is `{0}`, which is not a code such as USD; report this"
    )]
    NoCurrency(String),
    /// A connection was refused after QuickBooks had replaced the refresh token.
    #[error("{error}; {note}")]
    TokenReplaced {
        /// The reason of the refusal.
        error: Box<ConnectionError>,
        /// The place of the new token.
        note: String,
    },
    /// There is no home folder for the secrets of a local connection.
    #[error("there is no home folder for the secrets; set HOME")]
    NoHome,
    /// The operating system gives no random numbers.
    #[error("the system has no randomness: {0}; try again")]
    NoRandomness(getrandom::Error),
    /// AWS cannot be set up.
    #[error(transparent)]
    Aws(#[from] ConnectError),
    /// The table cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// QuickBooks cannot be used.
    #[error(transparent)]
    QuickBooks(#[from] QuickBooksError),
    /// The secrets cannot be loaded, saved or deleted.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The addresses of the environment cannot be reached securely.
    #[error(transparent)]
    Transport(#[from] TransportSetupError),
}

/// Returns a set of records as messages show it: `tenant demo`, or `tenant demo (test)`.
fn described(owner: &RealmOwner) -> String {
    match owner.mode {
        Mode::Live => format!("tenant {}", owner.tenant),
        Mode::Test => format!("tenant {} (test)", owner.tenant),
    }
}
