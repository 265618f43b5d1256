//! The mirror of QuickBooks: its state, conflicts, refusals and syncs, and the customers of the stand-in.

use axum::extract::State;
use clientele_infra_quickbooks::entities::Kind;
use clientele_shared::model::{
    Conflict, CustomerNumber, MirrorSide, Parked, ParkedObject, RealmOwner, Timestamp,
};
use clientele_sync_agent::connection::{self, ConnectionError, Connector};
use clientele_sync_agent::mirror::fields::Field;
use clientele_sync_agent::mirror::{MirrorError, MirrorStatus, Resolution, SyncOptions};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::extract::Body;
use super::{Console, Failure, Json};

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, error.to_string())
    }
}

impl From<MirrorError> for Failure {
    fn from(error: MirrorError) -> Self {
        let status = match &error {
            MirrorError::NoConflict(_) => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_GATEWAY,
        };
        Self::new(status, error.to_string())
    }
}

async fn connector(console: &Console) -> Result<Connector, Failure> {
    let records = console.records()?;
    let secrets = connection::secret_store(records.dynamodb.as_deref()).await?;
    let owner = RealmOwner { tenant: records.tenant.clone(), mode: records.mode };
    Ok(Connector::new(records.store.clone(), owner, secrets))
}

/// Returns the state of the mirror, its conflicts and its refusals. QuickBooks is not called.
pub(super) async fn status(State(console): State<Console>) -> Result<Json<Value>, Failure> {
    let connector = connector(&console).await?;
    let Some(connection) = connector.find().await? else { return Ok(Json(json!({ "connected": false }))) };
    let (store, tenant) = (connector.store(), connector.tenant());
    let status = MirrorStatus::read(store, &tenant, &connection).await?;
    let conflicts = store.mirror_conflicts(&tenant, &connection.realm).await?;
    let refused = store.mirror_parked(&tenant, &connection.realm).await?;
    let unreadable = store.mirror_parked_objects(&tenant, &connection.realm).await?;
    let secrets = connector.secrets(&connection).await?;
    let moment = |at: Option<Timestamp>| at.map(|at| at.to_rfc3339());
    Ok(Json(json!({
        "connected": secrets.is_some(),
        "company": connection.company,
        "realm_id": connection.realm.to_string(),
        "environment": connection.environment,
        "last_sync_at": moment(status.last_sync_at),
        "checkpoint_at": moment(status.checkpoint_at),
        "pending": status.pending,
        "refresh_token_expires_at": moment(secrets.as_ref().and_then(|secrets| secrets.refresh_expires_at)),
        "hard_expires_at": moment(secrets.as_ref().and_then(|secrets| secrets.hard_expires_at)),
        "conflicts": conflicts.iter().map(conflict).collect::<Vec<_>>(),
        "refused": refused.iter().map(refusal).chain(unreadable.iter().map(unmirrored)).collect::<Vec<_>>(),
    })))
}

fn conflict(conflict: &Conflict) -> Value {
    json!({
        "id": conflict.number.to_customer_id(),
        "quickbooks_id": conflict.quickbooks_id.as_str(),
        "name": conflict.name,
        "field": conflict.field,
        "base": conflict.base,
        "ours": conflict.ours,
        "theirs": conflict.theirs,
        "winner": conflict.winner.as_str(),
        "at": conflict.at.to_rfc3339(),
    })
}

fn refusal(parked: &Parked) -> Value {
    json!({
        "id": parked.number.to_customer_id(),
        "quickbooks_id": parked.quickbooks_id.as_ref().map(|id| id.as_str()),
        "name": parked.name,
        "code": parked.code,
        "reason": parked.reason,
        "at": parked.at.to_rfc3339(),
    })
}

/// A document of QuickBooks that cannot be mirrored. The reason names it.
fn unmirrored(object: &ParkedObject) -> Value {
    json!({ "quickbooks_id": object.id.as_str(), "reason": object.reason, "at": object.at.to_rfc3339() })
}

/// A choice about a conflict.
#[derive(Deserialize)]
pub(super) struct Choice {
    id: String,
    field: String,
    keep: MirrorSide,
}

/// Keeps one side's value of a field. The next sync brings it to the other side.
pub(super) async fn resolve(
    State(console): State<Console>,
    Body(choice): Body<Choice>,
) -> Result<Json<Value>, Failure> {
    let connector = connector(&console).await?;
    let unknown = |what: &str| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{what} is not known"));
    let number = CustomerNumber::from_customer_id(&choice.id).ok_or_else(|| unknown("The customer's id"))?;
    let field = Field::named(&choice.field).ok_or_else(|| unknown("The field"))?;
    let connection = connector.connection().await?;
    let resolution = Resolution { number, keep: choice.keep, field: Some(field) };
    let resolved = resolution.apply(connector.store(), &connector.tenant(), &connection).await?;
    Ok(Json(json!({ "resolved": resolved.iter().map(conflict).collect::<Vec<_>>() })))
}

/// Makes both sides equal.
pub(super) async fn sync(State(console): State<Console>) -> Result<Json<Value>, Failure> {
    let mirror = connector(&console).await?.mirror().await?;
    // A sync cannot move between threads.
    let runtime = Handle::current();
    let run = move || runtime.block_on(mirror.sync(SyncOptions::default(), &mut |_| {}));
    let report = tokio::task::spawn_blocking(run).await;
    let report =
        report.map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))??;
    Ok(Json(json!({
        "pushed": report.pushed,
        "pulled": report.pulled,
        "conflicts": report.conflicts,
        "refused": report.refused,
        "pending": report.pending,
        "unreadable": report.unreadable,
    })))
}

/// Lists the customers of the stand-in's company, as its API has them.
pub(super) async fn company(State(console): State<Console>) -> Result<Json<Value>, Failure> {
    let Some(stand_in) = &console.stand_in else {
        let message = "The QuickBooks stand-in does not run here. Look at the company in QuickBooks itself.";
        return Err(Failure::new(StatusCode::NOT_FOUND, message));
    };
    let texts: Vec<String> = {
        let state = stand_in.lock();
        state.company.list(Kind::Customer).map(|(_, customer)| customer.object.to_string()).collect()
    };
    let customers =
        texts.iter().map(|text| serde_json::from_str::<Value>(text)).collect::<Result<Vec<_>, _>>();
    let customers =
        customers.map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(Json(json!({ "customers": customers, "url": stand_in.ready().url })))
}
