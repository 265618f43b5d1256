//! The reset of the demo.

use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};

use super::{Console, Failure, Json};

/// Restores the demo tenant's records, and the company of the stand-in.
pub(super) async fn reset(State(console): State<Console>) -> Result<Json<Value>, Failure> {
    let Some(demo) = &console.demo else {
        let message = "Only the demo of the local stack can be reset; these records are not its own.";
        return Err(Failure::new(StatusCode::CONFLICT, message));
    };
    let deleted = demo.reset().await.map_err(|error| {
        let message = format!("The demo is not reset: {error}. Reset it again, or restart the stack.");
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    })?;
    if let Some(stand_in) = &console.stand_in {
        let mut state = stand_in.lock();
        state.reset();
        state.commit().map_err(|error| {
            let message = format!("The stand-in's company is not stored: {error}. Reset the demo again.");
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR, message)
        })?;
    }
    Ok(Json(json!({ "deleted_items": deleted })))
}
