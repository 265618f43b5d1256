//! Logs: one JSON object a line on standard output, as Lambda collects them.

use tracing_subscriber::filter::LevelFilter;

/// Starts logging for this process: this project's words from level INFO, others' from WARN.
pub fn start() {
    use tracing_subscriber::layer::SubscriberExt as _;
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .without_time();
    let subscriber = tracing_subscriber::registry().with(LevelFilter::INFO).with(layer);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::warn!("logging was started twice");
    }
}
