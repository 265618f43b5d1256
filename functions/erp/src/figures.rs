//! A customer's figures in the response to a write of its record.

use std::sync::OnceLock;

use futures::FutureExt;
use futures::future::try_join;

use clientele_shared::model::{Figures, Tenant};
use clientele_shared::store::{Store, WriteAuthorization};
use clientele_shared::{Error, Result};
use uuid::Uuid;

/// The figures of the customer that is being written.
#[derive(Debug, Default)]
pub(crate) struct WrittenFigures(OnceLock<Figures>);

impl WrittenFigures {
    /// Reads the figures while the write is being authorized, so that they add no round trip.
    pub(crate) fn read_during<'a>(
        &'a self,
        authorization: WriteAuthorization<'a>,
        store: &'a Store,
        tenant: &'a Tenant,
        uuid: Uuid,
    ) -> WriteAuthorization<'a> {
        async move {
            let (rules, figures) = try_join(authorization, store.figures_get(tenant, uuid)).await?;
            self.0.get_or_init(|| figures);
            Ok(rules)
        }
        .boxed()
    }

    /// Returns the figures.
    ///
    /// # Errors
    /// Returns [`Error::Internal`] if they have not been read.
    pub(crate) fn get(&self) -> Result<&Figures> {
        self.0.get().ok_or_else(|| Error::broken("a write was rendered before its authorization"))
    }
}
