//! Logs: one JSON object a line on standard output, as Lambda collects them.
//!
//! Not by `tracing-subscriber`: its registry and formatter take a fiftieth of the instructions of a call, and these
//! few lines write the same.

use std::error::Error;
use std::fmt::Debug;
use std::io::Write as _;

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

/// Starts logging for this process: this project's words from level INFO, others' from WARN.
pub fn start() {
    if tracing::subscriber::set_global_default(JsonLines(StandardOutput)).is_err() {
        tracing::warn!("logging was started twice");
    }
}

/// Writes events, and no spans: no line shows them, and the runtime would open one for each invocation.
struct JsonLines<L>(L);

/// Where whole lines go.
trait Lines: Send + Sync + 'static {
    fn write(&self, line: &[u8]);
}

struct StandardOutput;

impl Lines for StandardOutput {
    fn write(&self, line: &[u8]) {
        // Where standard output is closed there is nobody left to tell.
        drop(std::io::stdout().lock().write_all(line));
    }
}

fn is_wanted(what: &Metadata<'_>) -> bool {
    let least = if what.target().starts_with("clientele") { Level::INFO } else { Level::WARN };
    what.is_event() && *what.level() <= least
}

impl<L: Lines> Subscriber for JsonLines<L> {
    fn register_callsite(&self, what: &'static Metadata<'static>) -> Interest {
        if is_wanted(what) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, what: &Metadata<'_>) -> bool {
        is_wanted(what)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn event(&self, event: &Event<'_>) {
        self.0.write(&Line::of(event));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A line while it is written.
struct Line(Vec<u8>);

impl Line {
    /// The whole line of an event, with its end.
    fn of(event: &Event<'_>) -> Vec<u8> {
        let mut line = Self(Vec::with_capacity(256));
        line.0.push(b'{');
        line.member("level", event.metadata().level().as_str());
        event.record(&mut line);
        line.member("target", event.metadata().target());
        line.0.extend_from_slice(b"}\n");
        line.0
    }

    fn member(&mut self, name: &str, value: impl Serialize) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        // Texts and numbers can always be written, and into memory.
        drop(serde_json::to_writer(&mut self.0, name));
        self.0.push(b':');
        drop(serde_json::to_writer(&mut self.0, &value));
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field.name(), value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.member(field.name(), value.to_string());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.member(field.name(), format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Keeps the lines that would be written.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Lines for Kept {
        fn write(&self, line: &[u8]) {
            self.0.lock().unwrap().extend_from_slice(line);
        }
    }

    #[test]
    fn a_line_is_one_json_object() {
        let kept = Kept::default();
        tracing::subscriber::with_default(JsonLines(kept.clone()), || {
            tracing::info!(
                status = 200_u16,
                millis = -3_i64,
                function = "a\n\"b\"",
                "request {}",
                "answered"
            );
            tracing::debug!("not wanted");
            tracing::info!(target: "hyper", "not wanted either");
            tracing::warn!(target: "hyper", ok = true, kind = ?Some(1), "wanted");
        });
        let target = module_path!();
        let expected = [
            format!(
                r#"{{"level":"INFO","message":"request answered","status":200,"millis":-3,"function":"a\n\"b\"","target":"{target}"}}"#
            ),
            r#"{"level":"WARN","message":"wanted","ok":true,"kind":"Some(1)","target":"hyper"}"#.to_owned(),
        ];
        let kept = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(
            kept.split_inclusive('\n').map(|line| line.strip_suffix('\n').unwrap()).collect::<Vec<_>>(),
            expected
        );
    }
}
