//! Answers a request of the API from its arrival to its rendered response.

use std::time::Duration;

use super::call::{Action, Call, Request, classify, realm};
use super::dispatch::{self, Context};
use super::log::{LoggedCall, LoggedItem};
use super::render::{Format, Rendered, format, render};
use super::replay::{Lookup, digest};
use super::throttle::Limit;
use super::{batch, cdc};
use crate::StandIn;
use crate::clock::format_time_millis;
use crate::fault::{Fault, Form};
use crate::injection::{self, Hit};
use crate::oauth::{ACCOUNTING, Access, bearer};
use crate::rules::write::Author;
use crate::state::State;
use crate::switches::Switch;
use crate::value::Object;

/// Longest `requestid`, and that of a batch.
const MAX_REQUEST_ID: usize = 50;
const MAX_BATCH_REQUEST_ID: usize = 36;

/// The end of a request.
#[derive(Debug)]
pub struct Outcome {
    /// The response, or `None` if the connection closes without one.
    pub response: Option<Rendered>,
    /// Wait before the response is sent or the connection closes.
    pub delay: Option<Duration>,
    /// Whether the response tells the client when to try again.
    pub has_retry_after: bool,
}

/// Answers a request. `in_flight` is the number of requests that are being answered, including this one.
pub fn answer(stand_in: &StandIn, request: &Request, in_flight: usize) -> Outcome {
    let (call, action) = classify(request);
    let mut state = stand_in.lock();
    let hit = state.injections.hit(&request.method, &request.path, Some(&call));
    let format = format(request, &state.switches);
    let carried = match hit.and_then(|hit| ordered_fault(hit.action, &state)) {
        Some(fault) => Some(Err(fault)),
        None if hit.is_none_or(Hit::is_carried_out) => {
            Some(carry_out(&mut state, request, &call, action, in_flight, format))
        }
        // The connection closes instead.
        None => None,
    };
    let code = carried.as_ref().and_then(|carried| carried.as_ref().err()).map(|fault| fault.code);
    let is_replay = matches!(carried, Some(Ok(Carried::Replayed(_))));
    let mut response = carried.map(|carried| match carried {
        Ok(Carried::Done(response) | Carried::Replayed(response)) => response,
        Err(fault) => render(Err(&fault), format, state.now()),
    });
    if let Some(response) = &mut response
        && hit.is_some_and(|hit| hit.action == injection::Action::FaultIn200)
    {
        response.status = 200;
    }
    let status = response.as_ref().map_or(0, |response| response.status);
    log(&mut state, request, call, status, code, hit, is_replay);
    let has_retry_after = status == 429 && state.switches.is_on(Switch::RetryAfter);
    drop(state);
    stand_in.wake_webhooks();
    let response = response.filter(|_| !hit.is_some_and(Hit::is_dropped));
    Outcome { response, delay: hit.and_then(Hit::delay), has_retry_after }
}

/// Returns the error that an ordered fault sends instead of carrying out the call.
fn ordered_fault(action: injection::Action, state: &State) -> Option<Fault> {
    match action {
        injection::Action::Status500 => Some(Fault::service(500, Form::Api)),
        injection::Action::Status503 => Some(Fault::service(503, Form::Api)),
        injection::Action::XmlError => Some(Fault::service(500, Form::Xml)),
        injection::Action::FaultIn200 => Some(Fault::business("Unexpected Internal Error. (-30000)")),
        injection::Action::Throttle => Some(throttled(state)),
        injection::Action::Unauthorized => Some(Fault::authentication("Token expired")),
        injection::Action::Timeout
        | injection::Action::DropBefore
        | injection::Action::DropAfter
        | injection::Action::Slow => None,
    }
}

fn throttled(state: &State) -> Fault {
    let is_json = state.switches.is(Switch::ThrottleFormat, "json");
    Fault::throttled(if is_json { Form::Api } else { Form::Xml })
}

/// The response of a call that was accepted.
enum Carried {
    /// The call was carried out.
    Done(Rendered),
    /// The call was carried out before: this is its stored response.
    Replayed(Rendered),
}

/// Checks and runs a call.
fn carry_out(
    state: &mut State,
    request: &Request,
    call: &Call,
    action: Result<Action, Fault>,
    in_flight: usize,
    format: Format,
) -> Result<Carried, Fault> {
    admit(state, request, call, in_flight)?;
    let action = action?;
    let id = request.parameter("requestid").filter(|id| request.method != "GET" && !id.is_empty());
    let request_digest = digest(&request.path, &request.body);
    if let Some(id) = id
        && let Some(stored) = replay(state, id, &request_digest, &action)?
    {
        return Ok(Carried::Replayed(stored));
    }
    let result = run(state, request, &action, id.is_some());
    state.publish(Author::Client);
    // The response is rendered once, so that a replay repeats it to the byte.
    let now = state.now();
    let result = result.map(|fields| render(Ok(fields), format, now));
    if let (Some(id), Ok(response)) = (id, &result) {
        state.replays.store(
            id,
            request_digest,
            response,
            now,
            state.switches.number(Switch::RequestIdMemory),
        );
    }
    if let Err(error) = state.commit() {
        tracing::error!("{error}");
        return Err(Fault::service(500, Form::Api));
    }
    result.map(Carried::Done)
}

/// Checks the token, the company and the limits.
fn admit(state: &mut State, request: &Request, call: &Call, in_flight: usize) -> Result<(), Fault> {
    let now = state.now();
    let token = request.authorization.as_deref().and_then(bearer);
    let token = token.ok_or_else(|| Fault::authentication("Missing bearer token"))?;
    match state.grants.check(token, now) {
        (Access::Unknown, _) => {
            return Err(Fault::authentication("Malformed bearer token: too short or too long"));
        }
        (Access::Expired, _) => return Err(Fault::authentication("Token expired")),
        (Access::Valid, scope) if !scope.split(' ').any(|scope| scope == ACCOUNTING) => {
            return Err(Fault::wrong_company());
        }
        (Access::Valid, _) => {}
    }
    if realm(&request.path).map(|(realm, _)| realm) != Some(state.app.realm_id.as_str()) {
        return Err(Fault::wrong_company());
    }
    let is_batch = call.operation == "batch";
    match state.throttle.admit(now, in_flight, is_batch, call.metered, &state.switches) {
        Ok(()) => {}
        Err(Limit::Rate) => return Err(throttled(state)),
        Err(Limit::Month) => {
            return Err(Fault { status: 403, ..throttled(state) });
        }
    }
    if state.switches.is(Switch::CompanyStatus, "access_lost") {
        return Err(Fault::access_lost());
    }
    Ok(())
}

/// Returns the stored response for a `requestid`, if it was used.
fn replay(state: &State, id: &str, digest: &str, action: &Action) -> Result<Option<Rendered>, Fault> {
    let max = if matches!(action, Action::Batch(_)) { MAX_BATCH_REQUEST_ID } else { MAX_REQUEST_ID };
    let length = id.chars().count();
    if length > max {
        return Err(Fault::length("requestid", max, length));
    }
    let memory = state.switches.number(Switch::RequestIdMemory);
    match state.replays.find(id, digest, state.now(), memory) {
        Lookup::New => Ok(None),
        Lookup::Other(_) if state.switches.is(Switch::RequestIdOtherBody, "error_600") => {
            Err(Fault::duplicate_request_id())
        }
        Lookup::Same(stored) | Lookup::Other(stored) => Ok(Some(stored)),
    }
}

fn run(state: &mut State, request: &Request, action: &Action, has_request_id: bool) -> Result<Object, Fault> {
    let now = state.now();
    let include = request.parameter("include").unwrap_or_default();
    let mut context = Context {
        company: &mut state.company,
        switches: &state.switches,
        now,
        allow_duplicate_numbers: include.eq_ignore_ascii_case("allowduplicatedocnum"),
    };
    match action {
        Action::Batch(body) => batch::run(&mut context, body, has_request_id),
        Action::ChangedSince { entities, since } => cdc::run(&context, entities, since),
        action => dispatch::run(&mut context, action),
    }
}

fn log(
    state: &mut State,
    request: &Request,
    call: Call,
    status: u16,
    code: Option<&'static str>,
    hit: Option<Hit>,
    replayed: bool,
) {
    let items = call.items.into_iter().map(|(operation, entity)| LoggedItem { operation, entity }).collect();
    let time = format_time_millis(state.now());
    state.calls.add(LoggedCall {
        number: 0,
        time,
        method: request.method.clone(),
        path: request.path.clone(),
        entity: call.entity,
        operation: call.operation,
        requestid: request.parameter("requestid").map(str::to_owned),
        status,
        metered: call.metered > 0,
        code,
        fault: hit.map(|hit| hit.action.name()),
        replayed,
        items,
    });
}
