//! The wish to stop: asked for from outside, noticed where work can end cleanly.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells a run under way to finish what it has begun and to begin nothing more. Clones are one and the same wish.
#[derive(Debug, Clone, Default)]
pub struct CancellationToken(Arc<AtomicBool>);

impl CancellationToken {
    /// Asks to stop. It cannot be taken back.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether stopping was asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
