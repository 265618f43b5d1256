//! A clock that moves only when a test advances it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use clientele_shared::Ambient;
use clientele_shared::model::Timestamp;

/// 2030-01-15T10:30:00Z: late enough that no engine expires the items that a test writes.
const START: i64 = 1_894_703_400_000;

/// A clock that moves only when a test advances it.
#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(START)))
    }

    /// Advances the clock.
    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Moves the clock to a moment, also an earlier one.
    pub(crate) fn set(&self, at: Timestamp) {
        self.0.store(at.as_millis(), Ordering::SeqCst);
    }

    /// Returns this clock with a random generator that is deterministic.
    pub(crate) fn ambient(&self) -> Ambient {
        let clock = self.clone();
        let seed = AtomicU64::new(0x9e37_79b9_7f4a_7c15);
        let random = move || {
            // splitmix64: tests need no better distribution.
            let mut x = seed.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            x ^ (x >> 31)
        };
        Ambient::new(move || Timestamp::from_millis(clock.0.load(Ordering::SeqCst)), random)
    }
}
