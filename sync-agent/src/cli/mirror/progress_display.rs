//! The progress of a sync or a plan on standard error.

use indicatif::{ProgressBar, ProgressStyle};

use crate::mirror::{Progress, SyncPhase};

/// A progress bar, which is drawn only if standard error is a terminal.
pub(super) struct ProgressDisplay {
    bar: ProgressBar,
    shown: Option<(SyncPhase, bool)>,
}

impl ProgressDisplay {
    pub(super) fn new() -> Self {
        Self { bar: ProgressBar::new(0), shown: None }
    }

    pub(super) fn show(&mut self, progress: Progress) {
        let has_total = progress.total > 0;
        if self.shown != Some((progress.phase, has_total)) {
            self.shown = Some((progress.phase, has_total));
            self.bar.reset();
            let template = match has_total {
                true => "{msg} {bar:30} {human_pos} of {human_len} {elapsed}",
                false => "{msg} {spinner} {human_pos} {elapsed}",
            };
            // If the template is invalid, the default style is good enough.
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.bar.set_style(style);
            }
            self.bar.set_message(label(progress.phase));
        }
        self.bar.set_length(progress.total.max(progress.done));
        self.bar.set_position(progress.done);
    }

    pub(super) fn clear(self) {
        self.bar.finish_and_clear();
    }
}

fn label(phase: SyncPhase) -> &'static str {
    match phase {
        SyncPhase::Reading => "reading QuickBooks",
        SyncPhase::Customers => "comparing customers",
        SyncPhase::Adopting => "taking over customers",
        SyncPhase::Documents => "storing sales and prices",
    }
}
