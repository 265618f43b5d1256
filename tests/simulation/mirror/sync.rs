//! Runs of the agent: under faults of the table, of QuickBooks and of the connection, killed, and while others write.

use std::time::Duration;

use clientele_shared::Error;
use clientele_sync_agent::mirror::{MirrorError, SyncOptions};
use clientele_sync_agent::quickbooks::QuickBooksError;
use futures::future::try_join;
use serde_json::json;

use super::agent::{Ended, LEASE_SECONDS, Mirrored};
use super::client;
use super::company::Line;
use super::moves::{quiet, read_back};
use super::person;
use crate::simulation::faults::Fate;
use crate::simulation::model::Violation;
use crate::simulation::rng::Rng;
use crate::simulation::world::pause;

/// Faults that the stand-in makes on order.
const FAULTS: [&str; 8] = [
    "status_500",
    "status_503",
    "drop_before",
    "drop_after",
    "throttle",
    "fault_in_200",
    "unauthorized",
    "xml_error",
];

/// Runs the agent, sometimes under faults, sometimes killed, sometimes while others write.
pub(super) async fn sync(mirrored: &mut Mirrored, rng: &mut Rng, step: usize) -> Result<String, Violation> {
    let waits = rng.percent(95);
    if waits {
        mirrored.advance(LEASE_SECONDS);
    }
    let options = match rng.below(10) {
        0 => SyncOptions { push: false, ..SyncOptions::default() },
        1 => SyncOptions { pull: false, ..SyncOptions::default() },
        2 => SyncOptions { full: true, ..SyncOptions::default() },
        _ => SyncOptions::default(),
    };
    let faults = if rng.percent(50) { order_faults(mirrored, rng) } else { Vec::new() };
    let longest = *rng.pick(&[60, 400, 3_000]);
    let kill_after = rng.percent(45).then(|| Duration::from_millis(rng.below(longest) as u64));
    let others = if rng.percent(40) { draw_others(mirrored, rng) } else { Vec::new() };
    let sync = async { Ok(mirrored.sync(options, kill_after).await) };
    let (ended, done) = try_join(sync, act(mirrored, &others)).await?;
    mirrored.world.machine.settle().await;
    mirrored.world.restart_killed();
    quiet(mirrored);
    read_back(mirrored, step).await?;
    check_end(mirrored, &ended, !faults.is_empty() || !waits)?;
    Ok(format!("sync {options:?}, faults {faults:?}, kill after {kill_after:?}, while {done:#?}: {ended:?}"))
}

/// A write of another party while the agent runs, and its moment.
enum Other {
    Client(client::Planned),
    Edit(Rng),
    Sale(Rng),
}

fn draw_others(mirrored: &Mirrored, rng: &mut Rng) -> Vec<(Duration, Other)> {
    let longest = *rng.pick(&[100, 800]);
    let other = |rng: &mut Rng| match rng.below(10) {
        0..6 => Other::Client(client::draw(mirrored, rng)),
        6..9 => Other::Edit(Rng::for_step(rng.next(), 0)),
        _ => Other::Sale(Rng::for_step(rng.next(), 0)),
    };
    (0..=rng.below(6)).map(|_| (Duration::from_millis(rng.below(longest) as u64), other(rng))).collect()
}

/// Does one thing after the other; returns what was done.
async fn act(mirrored: &Mirrored, others: &[(Duration, Other)]) -> Result<Vec<String>, Violation> {
    let mut done = Vec::new();
    for (delay, other) in others {
        pause(*delay).await;
        done.push(match other {
            Other::Client(planned) => {
                client::send(&mirrored.world, planned).await?;
                format!("{planned:?}")
            }
            Other::Edit(rng) => person::edit(&mirrored.company, &mut rng.clone()),
            Other::Sale(rng) => person::sell(&mirrored.company, &mut rng.clone()),
        });
    }
    Ok(done)
}

/// Checks that a run ended as a run can end, and connects again if the authorization has ended.
fn check_end(mirrored: &Mirrored, ended: &Ended, has_faults: bool) -> Result<(), Violation> {
    let Ended::Failed(error) = ended else { return Ok(()) };
    let is_allowed = match error {
        MirrorError::QuickBooks(QuickBooksError::AuthorizationEnded) => {
            mirrored.connect();
            true
        }
        MirrorError::QuickBooks(error) => {
            has_faults && !matches!(error, QuickBooksError::Malformed(_) | QuickBooksError::NotConnected)
        }
        MirrorError::Store(error) => {
            has_faults && matches!(error, Error::Throttled { .. } | Error::Unavailable { .. })
        }
        MirrorError::Busy(_) | MirrorError::LeaseLost => has_faults,
        _ => false,
    };
    if is_allowed { Ok(()) } else { Err(format!("a sync ends with {error:?}: {error}")) }
}

/// Orders faults of the table, of QuickBooks and of the connection for the next run.
fn order_faults(mirrored: &Mirrored, rng: &mut Rng) -> Vec<String> {
    let mut ordered = Vec::new();
    {
        let state = &mut *mirrored.world.machine.lock();
        state.fault_percent = *rng.pick(&[0, 1, 5, 20]);
        let outage = (rng.below(60), *rng.pick(&[Fate::Throttle, Fate::ErrorBefore, Fate::LoseResponse]));
        state.outage = rng.percent(10).then_some(outage);
        ordered.push(format!("table {}%, {:?}", state.fault_percent, state.outage));
    }
    for _ in 0..rng.below(3) {
        let longest = if rng.percent(20) { 9 } else { 2 };
        let (after, times) = (rng.below(6), 1 + rng.below(longest));
        let order = json!({ "match": {}, "after": after, "times": times, "do": rng.pick(&FAULTS) });
        ordered.push(order.to_string());
        let order = serde_json::from_value(order).expect("the order is valid");
        mirrored.company.stand_in.lock().injections.add(order);
    }
    if rng.percent(10) {
        let order = json!({ "match": { "path": "/oauth2/v1/tokens/bearer" }, "do": rng.pick(&FAULTS[..5]) });
        ordered.push(order.to_string());
        let order = serde_json::from_value(order).expect("the order is valid");
        mirrored.company.stand_in.lock().injections.add(order);
    }
    let line = Line { is_offline: rng.percent(4), timeout_after: rng.percent(8).then(|| rng.below(6)) };
    mirrored.company.set_line(line);
    ordered.push(format!("{line:?}"));
    ordered
}
