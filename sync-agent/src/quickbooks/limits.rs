//! The limits of the API, kept on this side: requests per second and per minute, batches per ten seconds
//! and per minute, and requests at the same time.
//!
//! A request counts from when it is sent until its window ends, which starts with its response. The server
//! has counted it by then, so that a slow network never brings two windows closer together.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as TurnMutex, Notify};
use tokio::time::{Instant, sleep_until};

const SECOND: Duration = Duration::from_secs(1);
const TEN_SECONDS: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);
/// Most requests in a second.
const PER_SECOND: usize = 10;
/// Most requests in a minute.
const PER_MINUTE: usize = 500;
/// Most batches in a minute.
const BATCHES_PER_MINUTE: usize = 40;
/// Most batches in ten seconds. QuickBooks has no such limit; the mirror needs it to read all changes of that time at once.
const BATCHES_PER_TEN_SECONDS: usize = 15;
/// Most requests at the same time.
const CONCURRENT: usize = 10;
/// Time added to each window, because two clocks never run exactly alike.
const MARGIN: Duration = Duration::from_millis(20);

/// How fast time passes for waits and limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Seconds of the API per real second: 1.0, or the speed of a stand-in's clock. All waits are divided by
    /// it.
    pub speed: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { speed: 1.0 }
    }
}

impl Pace {
    /// Returns the real time in which `duration` passes for the API.
    pub(super) fn scale(self, duration: Duration) -> Duration {
        Duration::try_from_secs_f64(duration.as_secs_f64() / self.speed).unwrap_or(duration)
    }
}

/// The requests of the last minute, and those under way.
#[derive(Debug)]
pub(super) struct Limits {
    pace: Pace,
    /// Held by the request that is the next to start, so that requests start in order.
    turn: TurnMutex<()>,
    /// Held by the batch that is the next to start.
    batch_turn: TurnMutex<()>,
    requests: Mutex<Started>,
    batches: Mutex<Started>,
    released: Notify,
}

#[derive(Debug, Default)]
struct Started {
    in_flight: usize,
    /// When the requests of the last minute ended, the oldest first.
    ended: VecDeque<Instant>,
}

/// The next moment at which a request might be allowed.
#[derive(Debug, PartialEq)]
enum Opening {
    Now,
    At(Instant),
    /// When a request ends.
    Release,
}

impl Started {
    /// Returns when fewer than `max` requests are under way or ended within the window.
    fn opening(&self, max: usize, window: Duration, now: Instant) -> Opening {
        if self.in_flight >= max {
            return Opening::Release;
        }
        let recent = self.ended.iter().filter(|at| now.duration_since(**at) < window);
        let excess = (self.in_flight + recent.count() + 1).saturating_sub(max);
        let mut recent = self.ended.iter().filter(|at| now.duration_since(**at) < window);
        let last = excess.checked_sub(1).and_then(|at| recent.nth(at));
        last.map_or(Opening::Now, |at| Opening::At(*at + window))
    }

    fn end(&mut self, now: Instant, window: Duration) {
        self.in_flight -= 1;
        self.ended.retain(|at| now.duration_since(*at) < window);
        self.ended.push_back(now);
    }
}

impl Limits {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            turn: TurnMutex::default(),
            batch_turn: TurnMutex::default(),
            requests: Mutex::default(),
            batches: Mutex::default(),
            released: Notify::new(),
        }
    }

    /// Waits until a request is allowed. It counts as under way until the returned value is dropped.
    pub(super) async fn admit(&self, is_batch: bool) -> Admitted<'_> {
        let _batch_turn = if is_batch { Some(self.batch_turn.lock().await) } else { None };
        if is_batch {
            let limits = [(BATCHES_PER_TEN_SECONDS, TEN_SECONDS), (BATCHES_PER_MINUTE, MINUTE)];
            self.wait(&self.batches, &limits).await;
        }
        let _turn = self.turn.lock().await;
        let limits = [(PER_SECOND, SECOND), (PER_MINUTE, MINUTE), (CONCURRENT, Duration::ZERO)];
        self.wait(&self.requests, &limits).await;
        lock(&self.requests).in_flight += 1;
        if is_batch {
            lock(&self.batches).in_flight += 1;
        }
        Admitted { limits: self, is_batch }
    }

    async fn wait(&self, started: &Mutex<Started>, limits: &[(usize, Duration)]) {
        loop {
            let released = self.released.notified();
            let now = Instant::now();
            let openings: Vec<Opening> = {
                let started = lock(started);
                let opening =
                    |(max, window): &(usize, Duration)| started.opening(*max, self.window(*window), now);
                limits.iter().map(opening).collect()
            };
            if openings.contains(&Opening::Release) {
                released.await;
                continue;
            }
            let latest = openings.iter().filter_map(|opening| match opening {
                Opening::At(at) => Some(*at),
                Opening::Now | Opening::Release => None,
            });
            match latest.max() {
                Some(at) => sleep_until(at).await,
                None => return,
            }
        }
    }

    /// Returns the real length of a window.
    fn window(&self, window: Duration) -> Duration {
        if window.is_zero() { window } else { self.pace.scale(window + MARGIN) }
    }
}

/// A request that is under way.
#[derive(Debug)]
pub(super) struct Admitted<'a> {
    limits: &'a Limits,
    is_batch: bool,
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let (now, minute) = (Instant::now(), self.limits.window(MINUTE));
        lock(&self.limits.requests).end(now, minute);
        if self.is_batch {
            lock(&self.limits.batches).end(now, minute);
        }
        self.limits.released.notify_waiters();
    }
}

fn lock(started: &Mutex<Started>) -> MutexGuard<'_, Started> {
    started.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
