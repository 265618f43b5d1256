//! Logs: one JSON object per line on standard output, with the fields `timestamp` and `level` that Lambda reads.

use std::io;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;

/// Starts logging for this process: events of this project from level INFO, those of other crates from WARN.
pub(super) fn start() {
    if tracing::subscriber::set_global_default(subscriber(io::stdout)).is_err() {
        tracing::warn!("logging has already been started");
    }
}

fn subscriber<W>(writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let levels = Targets::new().with_default(LevelFilter::WARN).with_target("clientele", LevelFilter::INFO);
    let lines = fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    tracing_subscriber::registry().with(levels).with(lines.with_writer(writer))
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::{Arc, Mutex};

    use clientele_shared::model::Timestamp;
    use serde_json::{Value, json};

    use super::*;

    /// Collects the lines that would be written.
    #[derive(Clone, Default)]
    struct Collected(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Collected {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Returns the lines that `work` logs, without their timestamps, which must be valid.
    pub(crate) fn logged(work: impl FnOnce()) -> Vec<Value> {
        let collected = Collected::default();
        let writer = collected.clone();
        tracing::subscriber::with_default(subscriber(move || writer.clone()), work);
        let text = String::from_utf8(collected.0.lock().unwrap().clone()).unwrap();
        let parsed = text.lines().map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let timestamp = line.as_object_mut().unwrap().remove("timestamp").unwrap();
            assert!(Timestamp::from_rfc3339(timestamp.as_str().unwrap()).is_some(), "{timestamp}");
            line
        });
        parsed.collect()
    }

    #[test]
    fn events_are_written_as_one_json_object_per_line() {
        let lines = logged(|| {
            tracing::info!(tenant = "a\n\"b\"", reads = 3_u64, seconds = 1.5, "company synced");
            tracing::debug!("not logged");
            tracing::info!(target: "hyper", "not logged either");
            tracing::warn!(target: "hyper", "logged");
        });
        let expected = [
            json!({"level": "INFO", "message": "company synced", "tenant": "a\n\"b\"", "reads": 3, "seconds": 1.5,
                   "target": module_path!()}),
            json!({"level": "WARN", "message": "logged", "target": "hyper"}),
        ];
        assert_eq!(lines, expected);
    }
}
