//! Logs: one JSON object a line on standard output, as Lambda collects them.

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{LevelFilter, filter_fn};

/// Starts logging for this process: this project's words from level INFO, others' from WARN.
pub fn start() {
    use tracing_subscriber::layer::SubscriberExt as _;
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .without_time();
    let filter = filter_fn(is_wanted).with_max_level_hint(LevelFilter::INFO);
    let subscriber = tracing_subscriber::registry().with(filter).with(layer);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::warn!("logging was started twice");
    }
}

/// Spans are not: no line shows them, and the runtime would open one for each invocation.
fn is_wanted(what: &Metadata<'_>) -> bool {
    let least = if what.target().starts_with("clientele") { Level::INFO } else { Level::WARN };
    what.is_event() && *what.level() <= least
}
