//! Time and randomness, passed in by the caller so that tests can fix them.

use std::fmt;
use std::sync::Arc;

use crate::model::Timestamp;

/// The clock and the source of randomness of one process.
#[derive(Clone)]
pub struct Ambient {
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    random: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl Ambient {
    /// Creates an instance with the system clock and the operating system's random number generator.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the source of randomness")]
    pub fn system() -> Self {
        Self::new(Timestamp::now, || {
            getrandom::u64().unwrap_or_else(|_| Timestamp::now().as_millis().unsigned_abs())
        })
    }

    /// Creates an instance with the given clock and source of randomness.
    #[must_use]
    pub fn new(
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        random: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self { clock: Arc::new(clock), random: Arc::new(random) }
    }

    /// Returns the current time, to the millisecond.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Returns 64 random bits for spreading load (shards, jitter). They are not suitable for secrets.
    #[must_use]
    pub fn random(&self) -> u64 {
        (self.random)()
    }
}

impl fmt::Debug for Ambient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ambient")
    }
}
