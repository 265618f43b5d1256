//! The controls below `/stand-in`, for tests.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State as Extract};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::{StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use crate::StandIn;
use crate::clock::format_time_millis;
use crate::company::Entity;
use crate::entities::Kind;
use crate::fault::Fault;
use crate::injection::Order;
use crate::object;
use crate::protocol::present::present;
use crate::rules::write::{Author, Writer};
use crate::state::State;
use crate::value::{Object, Value};
use crate::webhooks::Endpoint;

type Shared = Extract<Arc<StandIn>>;

/// Fastest speed of the clock.
const MAX_SPEED: f64 = 1e6;
/// Longest way that the clock is moved at once: a thousand years, in seconds.
const MAX_ADVANCE: i64 = 31_557_600_000;

/// Returns the routes of the controls.
pub fn routes() -> Router<Arc<StandIn>> {
    Router::new()
        .route("/stand-in/switches", get(switches).put(set_switches))
        .route("/stand-in/clock", get(clock).post(set_clock))
        .route("/stand-in/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/stand-in/calls", get(calls))
        .route("/stand-in/edit", post(edit))
        .route("/stand-in/webhook", get(webhook).post(set_webhook).delete(clear_webhook))
        .route("/stand-in/revoke", post(revoke))
        .route("/stand-in/reset", post(reset))
}

async fn switches(Extract(stand_in): Shared) -> Response {
    stand_in.respond(|stand_in| axum::Json(stand_in.lock().switches.list()).into_response()).await
}

/// Sets several switches, or none if one cannot be set.
async fn set_switches(Extract(stand_in): Shared, body: Bytes) -> Response {
    let values: serde_json::Map<String, Json> = match parse(&body) {
        Ok(values) => values,
        Err(reason) => return refuse(&reason),
    };
    stand_in.respond(move |stand_in| set_all(&mut stand_in.lock(), &values)).await
}

fn set_all(state: &mut State, values: &serde_json::Map<String, Json>) -> Response {
    let mut switches = state.switches.clone();
    for (name, value) in values {
        if let Err(error) = switches.set(name, value) {
            return refuse(&error.to_string());
        }
    }
    state.switches = switches;
    state.save_setting("switches");
    let listed = axum::Json(state.switches.list()).into_response();
    committed(state, listed)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    advance_seconds: Option<i64>,
    speed: Option<f64>,
}

async fn clock(Extract(stand_in): Shared) -> Response {
    stand_in.respond(|stand_in| clock_response(&stand_in.lock())).await
}

fn clock_response(state: &State) -> Response {
    axum::Json(json!({ "now": format_time_millis(state.now()), "speed": state.clock.speed() }))
        .into_response()
}

async fn set_clock(Extract(stand_in): Shared, body: Bytes) -> Response {
    let change: ClockChange = match parse(&body) {
        Ok(change) => change,
        Err(reason) => return refuse(&reason),
    };
    let is_valid = change.speed.is_none_or(|speed| (0.0..=MAX_SPEED).contains(&speed))
        && change.advance_seconds.is_none_or(|seconds| seconds.abs() <= MAX_ADVANCE);
    if !is_valid {
        return refuse("speed must be from 0 to 1000000, and advance_seconds at most a thousand years");
    }
    let respond = move |stand_in: &StandIn| {
        let mut state = stand_in.lock();
        if let Some(seconds) = change.advance_seconds {
            state.clock.advance(seconds);
        }
        if let Some(speed) = change.speed {
            state.clock.set_speed(speed);
        }
        state.save_setting("clock");
        let shown = clock_response(&state);
        let response = committed(&mut state, shown);
        drop(state);
        stand_in.wake_webhooks();
        response
    };
    stand_in.respond(respond).await
}

async fn faults(Extract(stand_in): Shared) -> Response {
    stand_in.respond(|stand_in| axum::Json(stand_in.lock().injections.list()).into_response()).await
}

async fn add_fault(Extract(stand_in): Shared, body: Bytes) -> Response {
    let order: Order = match parse(&body) {
        Ok(order) => order,
        Err(reason) => return refuse(&reason),
    };
    let respond = |stand_in: &StandIn| {
        let mut state = stand_in.lock();
        state.injections.add(order);
        axum::Json(state.injections.list()).into_response()
    };
    stand_in.respond(respond).await
}

async fn clear_faults(Extract(stand_in): Shared) -> Response {
    let respond = |stand_in: &StandIn| {
        stand_in.lock().injections.clear();
        axum::Json(json!([])).into_response()
    };
    stand_in.respond(respond).await
}

#[derive(Debug, Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

async fn calls(Extract(stand_in): Shared, Query(After { after }): Query<After>) -> Response {
    let respond = move |stand_in: &StandIn| {
        axum::Json(stand_in.lock().calls.after(after).collect::<Vec<_>>()).into_response()
    };
    stand_in.respond(respond).await
}

/// Changes an object as a person does in QuickBooks.
async fn edit(Extract(stand_in): Shared, body: Bytes) -> Response {
    let body = match std::str::from_utf8(&body)
        .map_err(|e| e.to_string())
        .and_then(|text| Object::parse(text).map_err(|e| e.to_string()))
    {
        Ok(Some(body)) => body,
        Ok(None) => return refuse("the body must be an object"),
        Err(error) => return refuse(&error),
    };
    let respond = move |stand_in: &StandIn| match apply_edit(stand_in, &body) {
        Ok(object) => json_text(StatusCode::OK, &object),
        Err(fault) => json_text(StatusCode::BAD_REQUEST, &object! { "Fault" => fault.to_object() }),
    };
    stand_in.respond(respond).await
}

/// Applies an edit, commits it and queues its webhook.
///
/// # Errors
///
/// Returns the [`Fault`] of the rule that the edit breaks.
pub fn apply_edit(stand_in: &StandIn, edit: &Object) -> Result<Object, Fault> {
    let kind = edit.text("entity").and_then(Kind::find).ok_or_else(|| Fault::required("entity"))?;
    let operation = edit.text("operation").unwrap_or("update");
    let object = edit.get("object").and_then(Value::as_object).ok_or_else(|| Fault::required("object"))?;
    let mut state = stand_in.lock();
    let now = state.now();
    let State { company, switches, .. } = &mut *state;
    let mut writer = Writer { company, switches, now, author: Author::Person, allow_duplicate_numbers: true };
    let edited = run_edit(&mut writer, kind, operation, object);
    state.publish(Author::Person);
    if let Err(error) = state.commit() {
        tracing::error!("{error}");
        return Err(Fault::service(500, crate::fault::Form::Api));
    }
    let shown = edited.map(|edited| match edited {
        Edited::Changed(entity) => present(&state.switches, kind, &entity.object),
        Edited::Deleted(id) => object! { "Id" => id.to_string(), "status" => "Deleted", "domain" => "QBO" },
    });
    drop(state);
    stand_in.wake_webhooks();
    shown
}

/// The result of an edit.
enum Edited {
    Changed(Arc<Entity>),
    Deleted(u64),
}

fn run_edit(writer: &mut Writer<'_>, kind: Kind, operation: &str, object: &Object) -> Result<Edited, Fault> {
    match operation {
        "create" => {
            let mut object = object.clone();
            object.remove("Id");
            writer.write(kind, &object).map(Edited::Changed)
        }
        "update" => {
            let mut object = object.clone();
            if object.get("Id").is_none_or(Value::is_blank) {
                return Err(Fault::required("Id"));
            }
            if object.get("sparse").is_none() {
                object.set("sparse", true);
            }
            writer.write(kind, &object).map(Edited::Changed)
        }
        "deactivate" => writer.deactivate(kind, object).map(Edited::Changed),
        "delete" => writer.delete(kind, object).map(Edited::Deleted),
        "void" => writer.void(kind, object).map(Edited::Changed),
        "merge" => writer.merge(kind, object).map(Edited::Changed),
        other => Err(Fault::unsupported_operation(other)),
    }
}

async fn webhook(Extract(stand_in): Shared) -> Response {
    let respond = |stand_in: &StandIn| {
        let webhooks = &stand_in.lock().webhooks;
        axum::Json(json!({ "endpoint": webhooks.endpoint(), "waiting": webhooks.waiting() })).into_response()
    };
    stand_in.respond(respond).await
}

async fn set_webhook(Extract(stand_in): Shared, body: Bytes) -> Response {
    let endpoint: Endpoint = match parse(&body) {
        Ok(endpoint) => endpoint,
        Err(reason) => return refuse(&reason),
    };
    if !endpoint.url.starts_with("http://") {
        return refuse("url must start with http://, because the stand-in delivers without TLS");
    }
    stand_in.respond(move |stand_in| change_webhook(stand_in, Some(endpoint))).await
}

async fn clear_webhook(Extract(stand_in): Shared) -> Response {
    stand_in.respond(|stand_in| change_webhook(stand_in, None)).await
}

fn change_webhook(stand_in: &StandIn, endpoint: Option<Endpoint>) -> Response {
    let mut state = stand_in.lock();
    state.webhooks.set_endpoint(endpoint);
    let shown = axum::Json(json!({ "endpoint": state.webhooks.endpoint() })).into_response();
    let response = committed(&mut state, shown);
    drop(state);
    stand_in.wake_webhooks();
    response
}

/// Ends all grants, as a person does who disconnects the app.
async fn revoke(Extract(stand_in): Shared) -> Response {
    let respond = |stand_in: &StandIn| {
        let mut state = stand_in.lock();
        state.grants.revoke_all();
        committed(&mut state, axum::Json(json!({})).into_response())
    };
    stand_in.respond(respond).await
}

async fn reset(Extract(stand_in): Shared) -> Response {
    let respond = |stand_in: &StandIn| {
        let mut state = stand_in.lock();
        state.reset();
        committed(&mut state, axum::Json(json!({})).into_response())
    };
    stand_in.respond(respond).await
}

/// Commits, and returns the response or the reason why the commit failed.
fn committed(state: &mut State, response: Response) -> Response {
    match state.commit() {
        Ok(()) => response,
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn refuse(reason: &str) -> Response {
    (StatusCode::BAD_REQUEST, axum::Json(json!({ "error": reason }))).into_response()
}

fn json_text(status: StatusCode, object: &Object) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], object.to_string()).into_response()
}
