//! The settings of this dialect, which each tenant can change.

use clientele_shared::model::DialectSettings;
use serde::{Deserialize, Serialize};

/// A tenant's settings of this dialect.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TradesSettings {
    /// Respond to the creation of a customer with 200 instead of 201.
    pub create_answers_200: bool,
}

impl DialectSettings for TradesSettings {
    const NAME: &'static str = "trades";
}
