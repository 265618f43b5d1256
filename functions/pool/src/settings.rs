//! The settings of this dialect, which each tenant can change.

use async_graphql::Context;
use clientele_shared::model::DialectSettings;
use serde::{Deserialize, Serialize};

/// A tenant's settings of this dialect.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PoolSettings {
    /// Offer an operation that the dialect's specification lacks: `deleteCustomer`.
    pub extensions: bool,
    /// Give customers that are created without a status the status lead instead of active.
    pub creates_leads: bool,
}

impl PoolSettings {
    /// Returns the settings of the tenant whose document is executed.
    pub(crate) fn of<'a>(context: &Context<'a>) -> async_graphql::Result<&'a Self> {
        context.data()
    }
}

impl DialectSettings for PoolSettings {
    const NAME: &'static str = "pool";
}
