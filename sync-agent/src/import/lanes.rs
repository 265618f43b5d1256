//! Lanes: how many commits of an import run concurrently. They grow while DynamoDB keeps up and shrink when it throttles.

use std::time::Duration;

use tokio::time::Instant;

/// Number of lanes at the start of an import.
const START: usize = 4;
/// Maximum number of lanes.
const MAX: usize = 16;
/// How long an import runs unthrottled before it gets another lane, and how long throttling counts as the same burst.
const INTERVAL: Duration = Duration::from_secs(1);

/// The lanes of an import.
#[derive(Debug)]
pub(super) struct Lanes {
    count: usize,
    /// The count of throttled calls when it was last looked at.
    throttles: u64,
    /// When the last lane was added or a call was last throttled.
    calm_since: Instant,
    halved_at: Option<Instant>,
}

impl Lanes {
    /// Returns the lanes of an import that starts now. `throttles` counts the calls that were throttled before.
    pub(super) fn new(throttles: u64) -> Self {
        Self { count: START, throttles, calm_since: Instant::now(), halved_at: None }
    }

    /// Adapts the number of lanes to the count of throttled calls, and returns it: half as many if calls were throttled,
    /// one more after a second in which none was. A burst throttles all lanes, so it halves them once.
    pub(super) fn adapt(&mut self, throttles: u64) -> usize {
        let now = Instant::now();
        if throttles > self.throttles {
            if self.halved_at.is_none_or(|at| now >= at + INTERVAL) {
                self.count = (self.count / 2).max(1);
                self.halved_at = Some(now);
            }
            (self.throttles, self.calm_since) = (throttles, now);
        } else if now >= self.calm_since + INTERVAL {
            self.count = MAX.min(self.count + 1);
            self.calm_since = now;
        }
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pass(millis: u64) {
        tokio::time::advance(Duration::from_millis(millis)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn lanes_grow_by_one_each_second_up_to_16() {
        let mut lanes = Lanes::new(7);
        assert_eq!(lanes.adapt(7), 4);
        pass(999).await;
        assert_eq!(lanes.adapt(7), 4);
        for seconds in 1..20 {
            pass(1_000).await;
            assert_eq!([lanes.adapt(7); 2], [(4 + seconds).min(16); 2]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn burst_of_throttling_halves_the_lanes_once() {
        let mut lanes = Lanes::new(0);
        assert_eq!([lanes.adapt(1), lanes.adapt(3)], [2, 2]);
        pass(500).await;
        assert_eq!(lanes.adapt(4), 2);
        pass(500).await;
        assert_eq!(lanes.adapt(5), 1);
        pass(2_000).await;
        assert_eq!(lanes.adapt(6), 1);
        // A second without throttling counts from the last throttled call.
        pass(999).await;
        assert_eq!(lanes.adapt(6), 1);
        pass(1).await;
        assert_eq!(lanes.adapt(6), 2);
    }
}
