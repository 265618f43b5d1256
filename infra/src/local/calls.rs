//! The request log: the last 200 requests with their function, status, duration, units, log line and event. API keys
//! are never in it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use clientele_shared::model::Timestamp;
use serde_json::{Value, json};

use super::log_lines::LogLines;
use super::units::Units;

/// How many requests are kept.
const MAX_CALLS: usize = 200;
/// How many bytes of a body are kept: a multiple of four, so that a part of base64 can be decoded.
const MAX_BODY: usize = 8_000;
/// Text in place of an API key.
const REDACTED: &str = "(API key)";

/// The log. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct CallLog {
    calls: Arc<Mutex<Calls>>,
    lines: LogLines,
}

#[derive(Debug, Default)]
struct Calls {
    last: u64,
    kept: VecDeque<Call>,
}

/// One request.
#[derive(Debug)]
struct Call {
    number: u64,
    request_id: String,
    time: Timestamp,
    method: String,
    path: String,
    function: Option<String>,
    status: u16,
    millis: u128,
    units: Arc<Units>,
    event: Value,
}

/// A request that is being handled.
#[derive(Debug)]
pub struct Recording {
    started: Instant,
    call: Call,
}

impl Recording {
    /// Starts to record a request.
    #[must_use]
    pub fn start(method: &str, path: &str, request_id: &str) -> Self {
        let call = Call {
            number: 0,
            request_id: request_id.to_owned(),
            time: Timestamp::now(),
            method: method.to_owned(),
            path: path.to_owned(),
            function: None,
            status: 0,
            millis: 0,
            units: Arc::default(),
            event: Value::Null,
        };
        Self { started: Instant::now(), call }
    }

    /// Records the function that handles the request, and its event without the API key.
    pub fn invoke(&mut self, function: &str, event: &str) {
        self.call.function = Some(function.to_owned());
        self.call.event = serde_json::from_str(event).map_or(Value::Null, redacted);
    }

    /// Returns the counter of the request's units.
    #[must_use]
    pub fn units(&self) -> Arc<Units> {
        Arc::clone(&self.call.units)
    }
}

impl CallLog {
    /// Creates a log that finds the functions' own log lines among `lines`.
    #[must_use]
    pub fn new(lines: LogLines) -> Self {
        Self { calls: Arc::default(), lines }
    }

    /// Adds a request that has ended with this status.
    pub fn end(&self, recording: Recording, status: u16) {
        let Recording { started, mut call } = recording;
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.last += 1;
        (call.number, call.status, call.millis) = (calls.last, status, started.elapsed().as_millis());
        calls.kept.push_back(call);
        if calls.kept.len() > MAX_CALLS {
            calls.kept.pop_front();
        }
    }

    /// Returns the requests after a number, the oldest first.
    #[must_use]
    pub fn after(&self, number: u64) -> Vec<Value> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = calls.kept.iter().filter(|call| call.number > number);
        newer.map(|call| call.to_json(self.lines.of(&call.request_id))).collect()
    }
}

impl Call {
    fn to_json(&self, log: Option<Value>) -> Value {
        json!({
            "number": self.number,
            "time": self.time.to_rfc3339(),
            "request_id": self.request_id,
            "method": self.method,
            "path": self.path,
            "function": self.function,
            "status": self.status,
            "millis": u64::try_from(self.millis).unwrap_or(u64::MAX),
            "reads": self.units.reads(),
            "writes": self.units.writes(),
            "log": log,
            "event": self.event,
        })
    }
}

/// Replaces API keys in the headers of an event, and shortens its body.
fn redacted(mut event: Value) -> Value {
    for headers in ["headers", "multiValueHeaders"] {
        let Some(headers) = event.get_mut(headers).and_then(Value::as_object_mut) else { continue };
        for (name, value) in headers {
            if ["authorization", "x-api-key", "cookie"].iter().any(|secret| name.eq_ignore_ascii_case(secret))
            {
                *value = if value.is_array() { json!([REDACTED]) } else { json!(REDACTED) };
            }
        }
    }
    if let Some(Value::String(body)) = event.get_mut("body")
        && body.len() > MAX_BODY
    {
        let end = body.floor_char_boundary(MAX_BODY);
        body.truncate(end);
        body.push('…');
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_redacted_and_bodies_shortened() {
        let event = json!({
            "headers": { "Authorization": "Bearer ctc_live_x", "x-api-key": "ctc_live_x", "accept": "*/*" },
            "multiValueHeaders": { "Authorization": ["Bearer ctc_live_x"], "X-API-Key": ["ctc_live_x"] },
            "body": "é".repeat(MAX_BODY),
        });
        let shown = redacted(event);
        assert!(!shown.to_string().contains("ctc_live"), "{shown}");
        assert_eq!(shown["headers"]["accept"], "*/*");
        assert!(shown["body"].as_str().unwrap().len() < MAX_BODY + 4);
    }

    #[test]
    fn last_200_requests_are_kept() {
        let log = CallLog::default();
        for number in 0..250 {
            let mut recording = Recording::start("GET", &format!("/c/{number}"), &number.to_string());
            recording.invoke("echo", r#"{"body":null}"#);
            log.end(recording, 200);
        }
        let calls = log.after(0);
        assert_eq!(calls.len(), MAX_CALLS);
        assert_eq!((&calls[0]["path"], &calls[199]["number"]), (&json!("/c/50"), &json!(250)));
        assert_eq!(log.after(249).len(), 1);
    }
}
