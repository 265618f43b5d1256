//! Time and randomness: the two things a program takes from its surroundings, handed in so that a test can
//! fix them.

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
    /// The system's clock and the operating system's randomness.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Timestamp::now, || {
            getrandom::u64().unwrap_or_else(|_| Timestamp::now().as_millis().unsigned_abs())
        })
    }

    /// A clock and a source of randomness of the caller's choice.
    #[must_use]
    pub fn new(
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        random: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self { clock: Arc::new(clock), random: Arc::new(random) }
    }

    /// The present moment, to the millisecond.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// 64 random bits, for spreading load (shards, jitter). Secrets are not made from it.
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
