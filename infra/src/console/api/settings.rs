//! The tenant's settings.

use axum::extract::State;
use clientele_functions_pool::PoolSettings;
use clientele_functions_trades::TradesSettings;
use clientele_shared::Error;
use clientele_shared::model::Settings;
use serde::{Deserialize, Serialize};

use super::extract::Body;
use super::{Console, Failure, Json};

/// All settings, under the names that `clientele tenant settings` has for them.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Shown {
    usage_metering: bool,
    usage_limit: u64,
    trades_create_answers_200: bool,
    unique_email: bool,
    pool_extensions: bool,
    pool_creates_leads: bool,
    csv_formula_guard: bool,
}

impl Shown {
    fn of(settings: &Settings) -> Result<Self, Error> {
        let (trades, pool): (TradesSettings, PoolSettings) = (settings.dialect()?, settings.dialect()?);
        Ok(Self {
            usage_metering: settings.usage_metering,
            usage_limit: settings.usage_limit,
            trades_create_answers_200: trades.create_answers_200,
            unique_email: settings.unique_email,
            pool_extensions: pool.extensions,
            pool_creates_leads: pool.creates_leads,
            csv_formula_guard: settings.csv_formula_guard,
        })
    }

    fn apply(&self, before: &Settings) -> Result<Settings, Error> {
        let own = Settings {
            usage_metering: self.usage_metering,
            usage_limit: self.usage_limit,
            unique_email: self.unique_email,
            csv_formula_guard: self.csv_formula_guard,
            dialects: before.dialects.clone(),
        };
        let trades = TradesSettings { create_answers_200: self.trades_create_answers_200 };
        let pool = PoolSettings { extensions: self.pool_extensions, creates_leads: self.pool_creates_leads };
        own.with_dialect(&trades)?.with_dialect(&pool)
    }
}

/// Returns the settings.
pub(super) async fn show(State(console): State<Console>) -> Result<Json<Shown>, Failure> {
    let records = console.records()?;
    Ok(Json(Shown::of(&records.store.tenant_settings(&records.tenant).await?)?))
}

/// Replaces the settings.
pub(super) async fn change(
    State(console): State<Console>,
    Body(new): Body<Shown>,
) -> Result<Json<Shown>, Failure> {
    let records = console.records()?;
    let before = records.store.tenant_settings(&records.tenant).await?;
    let after = new.apply(&before)?;
    records.store.tenant_settings_set(&records.tenant, &after).await?;
    Ok(Json(Shown::of(&after)?))
}
