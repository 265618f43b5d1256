//! The progress of an import on standard error: the rows done, their rate, the time left, and the first rejected rows.

use indicatif::{ProgressBar, ProgressStyle};

use super::OutcomeLabels;
use crate::import::ImportEvent;

/// Maximum number of rejected rows shown.
const MAX_REJECTED_SHOWN: u64 = 10;

/// A progress bar, and the first rejected rows.
pub(super) struct ProgressDisplay {
    /// The bar is drawn only if standard error is a terminal.
    bar: ProgressBar,
    labels: OutcomeLabels,
    rejected: u64,
}

impl ProgressDisplay {
    pub(super) fn new(labels: OutcomeLabels) -> Self {
        let bar = ProgressBar::new(0);
        // If the template is invalid, the default style is good enough.
        if let Ok(style) =
            ProgressStyle::with_template("{bar:20} {pos}/{len} rows, {per_sec}, {eta} left; {msg}")
        {
            bar.set_style(style);
        }
        Self { bar, labels, rejected: 0 }
    }

    pub(super) fn show(&mut self, event: ImportEvent<'_>) {
        match event {
            ImportEvent::Progress(progress) => {
                let done = progress.counts.rows();
                self.bar.set_length(progress.rows_total.max(done));
                self.bar.set_position(done);
                self.bar.set_message(self.labels.describe(progress.counts));
            }
            ImportEvent::Rejected(row) => {
                self.rejected += 1;
                self.bar.suspend(|| match self.rejected {
                    ..=MAX_REJECTED_SHOWN => eprintln!("rejected: line {}: {}", row.line, row.reason),
                    n if n == MAX_REJECTED_SHOWN + 1 => {
                        eprintln!("further rejected rows are not shown")
                    }
                    _ => {}
                });
            }
        }
    }

    pub(super) fn clear(self) {
        self.bar.finish_and_clear();
    }
}
