//! The tenant's API keys. A secret is in the response to its creation only.

use axum::extract::{Path, State};
use clientele_shared::model::{ApiKey, ApiKeyId, Scopes};
use clientele_shared::store::NewApiKey;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::Body;
use super::{Console, Failure, Json};

/// Lists the keys.
pub(super) async fn list(State(console): State<Console>) -> Result<Json<Value>, Failure> {
    let records = console.records()?;
    let keys = records.store.api_keys_list(&records.tenant).await?;
    Ok(Json(json!({ "keys": keys.iter().map(shown).collect::<Vec<_>>() })))
}

/// A new key.
#[derive(Deserialize)]
pub(super) struct New {
    name: String,
    /// Separated by commas, such as `read,write`.
    scopes: String,
}

/// Creates a key, and returns it with its secret.
pub(super) async fn create(
    State(console): State<Console>,
    Body(new): Body<New>,
) -> Result<Json<Value>, Failure> {
    let records = console.records()?;
    let scopes = new.scopes.parse::<Scopes>();
    let scopes = scopes.map_err(|reason| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, reason))?;
    let new = NewApiKey { tenant: records.tenant.clone(), mode: records.mode, scopes, name: new.name };
    let (key, secret) = records.store.api_key_create(new).await?;
    let mut created = shown(&key);
    created["secret"] = json!(secret.reveal());
    Ok(Json(created))
}

/// Revokes a key. Functions might accept it for 5 more seconds.
pub(super) async fn revoke(
    State(console): State<Console>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let records = console.records()?;
    let key = records.store.api_key_revoke(&records.tenant, &ApiKeyId::from_text(&id)).await?;
    Ok(Json(shown(&key)))
}

fn shown(key: &ApiKey) -> Value {
    json!({
        "id": key.id().as_str(),
        "name": key.name,
        "mode": key.mode,
        "scopes": key.scopes.to_string(),
        "created_at": key.created_at.to_rfc3339_seconds(),
    })
}
