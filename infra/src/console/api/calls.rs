//! The description of the session, and the request log.

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::Parameters;
use super::{Console, Failure, Json};

/// Returns what is served, the key of the demo, and what the console can do.
pub(super) async fn info(State(console): State<Console>) -> Result<Json<Value>, Failure> {
    let described = serde_json::to_value(&*console.info);
    let mut info = described
        .map_err(|error| Failure::new(http::StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    info["can"] = json!(console.can());
    Ok(Json(info))
}

/// The number after which requests are listed.
#[derive(Deserialize)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
}

/// Lists the requests after a number, the oldest first.
pub(super) async fn list(
    State(console): State<Console>,
    Parameters(after): Parameters<After>,
) -> Json<Value> {
    Json(json!({ "calls": console.calls.after(after.after) }))
}
