//! What is shown while a file is imported, on standard error.

use indicatif::{ProgressBar, ProgressStyle};

use super::OutcomeLabels;
use crate::import::ImportEvent;

/// How many rejected rows are shown.
const REJECTED_SHOWN: u64 = 10;

/// A progress bar, and the first rejected rows.
pub(super) struct ProgressDisplay {
    /// Shows itself on a terminal only.
    bar: ProgressBar,
    labels: OutcomeLabels,
    rejected: u64,
}

impl ProgressDisplay {
    pub(super) fn new(labels: OutcomeLabels) -> Self {
        let bar = ProgressBar::new(0);
        // The default style is as good when the template is not.
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3} % {elapsed} {msg}") {
            bar.set_style(style);
        }
        Self { bar, labels, rejected: 0 }
    }

    pub(super) fn show(&mut self, event: ImportEvent<'_>) {
        match event {
            ImportEvent::Progress(progress) => {
                self.bar.set_length(progress.bytes_total.max(progress.bytes_read));
                self.bar.set_position(progress.bytes_read);
                self.bar.set_message(self.labels.of(progress.counts));
            }
            ImportEvent::Rejected(row) => {
                self.rejected += 1;
                self.bar.suspend(|| match self.rejected {
                    ..=REJECTED_SHOWN => eprintln!("rejected: line {}: {}", row.line, row.reason),
                    n if n == REJECTED_SHOWN + 1 => eprintln!("rejected: further rows, not shown here"),
                    _ => {}
                });
            }
        }
    }

    pub(super) fn clear(self) {
        self.bar.finish_and_clear();
    }
}
