//! The log lines of the functions, by request, for the request log. On Lambda they go to `CloudWatch`.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// How many lines are kept.
const MAX_LINES: usize = 400;

/// Collects the lines that name their request. Clones share the collection.
#[derive(Debug, Clone, Default)]
pub struct LogLines(Arc<Mutex<VecDeque<Value>>>);

impl LogLines {
    /// Returns the newest line about a request.
    #[must_use]
    pub fn of(&self, request_id: &str) -> Option<Value> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().rev().find(|line| line["request_id"] == request_id).cloned()
    }
}

impl<S: Subscriber> Layer<S> for LogLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(Map::new());
        line.0.insert("level".into(), json!(event.metadata().level().as_str()));
        event.record(&mut line);
        if !line.0.contains_key("request_id") {
            return;
        }
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push_back(Value::Object(line.0));
        if lines.len() > MAX_LINES {
            lines.pop_front();
        }
    }
}

/// The fields of an event.
struct Line(Map<String, Value>);

impl Line {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, json!(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, json!(format!("{value:?}")));
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[test]
    fn line_of_a_request_is_found() {
        let lines = LogLines::default();
        let subscriber = tracing_subscriber::registry().with(lines.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(function = "echo", request_id = "a", status = 200_u16, "request completed");
            tracing::info!("of no request");
        });
        let line = lines.of("a").unwrap();
        assert_eq!((&line["function"], &line["status"]), (&json!("echo"), &json!(200)));
        assert_eq!(line["message"], "request completed");
        assert_eq!(lines.of("b"), None);
    }
}
