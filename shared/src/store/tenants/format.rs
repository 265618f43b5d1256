//! The layout of a tenant's items. Each tenant and each API key records it, so that no program misreads items that
//! another version has written.

use std::time::Duration;

use crate::Error;
use crate::store::items::{Item, number};

/// The version of the layout that this program reads and writes.
const FORMAT: u32 = 6;

/// The attribute of a tenant and of an API key that holds the layout.
const ATTRIBUTE: &str = "format";

/// How long a client waits before it asks again. Only a person can help.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// A tenant whose items have the layout of another version of the program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the records of tenant `{tenant}` have layout {found} and this version needs layout {FORMAT}; export them with \
     the version that wrote them and import them into a new table or --data folder"
)]
pub(super) struct OtherFormat {
    tenant: String,
    found: String,
}

/// Records this program's layout in an item.
pub(super) fn stamp(item: &mut Item) {
    item.insert(ATTRIBUTE.to_owned(), number(FORMAT));
}

/// Checks the layout recorded in an item of a tenant. The first versions recorded none.
pub(super) fn check(item: &Item, tenant: &str) -> Result<(), OtherFormat> {
    let found = item.get(ATTRIBUTE).and_then(|format| format.as_n().ok()).map_or("1", String::as_str);
    if found == FORMAT.to_string() {
        return Ok(());
    }
    Err(OtherFormat { tenant: tenant.to_owned(), found: found.to_owned() })
}

impl OtherFormat {
    /// The error for the person who runs a command.
    pub(super) fn for_command(self) -> Error {
        Error::Conflict(self.to_string())
    }

    /// The error for a client of the tenant: the service is unavailable, and the log says why.
    pub(super) fn for_client(self) -> Error {
        Error::Unavailable { retry_after: RETRY_AFTER, source: Some(Box::new(self)) }
    }
}
