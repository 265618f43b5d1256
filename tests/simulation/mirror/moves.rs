//! The moves: what clients, people in QuickBooks, the agent and the world do.

use std::time::Duration;

use clientele_shared::model::{Hint, MirroredEntity};
use clientele_sync_agent::mirror::{MirrorError, SyncOptions};
use clientele_sync_agent::quickbooks::QuickBooksError;
use serde_json::{Value, json};

use super::agent::{Ended, LEASE_SECONDS, Mirrored};
use super::company::Line;
use super::person;
use crate::simulation::faults::Fate;
use crate::simulation::model::Violation;
use crate::simulation::observe::list_all;
use crate::simulation::rng::Rng;
use crate::simulation::world::pause;
use crate::simulation::writes;

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

const HOUR: i64 = 3_600;

/// Makes one move; returns what it was.
pub(super) async fn make(mirrored: &mut Mirrored, rng: &mut Rng, step: usize) -> Result<String, Violation> {
    mirrored.world.machine.lock().rng = Rng::for_step(rng.next(), step);
    quiet(mirrored);
    pause(Duration::from_millis(rng.below(3_000) as u64)).await;
    match rng.below(100) {
        0..30 => write(mirrored, rng, step).await,
        30..55 => Ok(repeat(rng, |rng| person::edit(&mirrored.company, rng))),
        55..68 => Ok(repeat(rng, |rng| person::sell(&mirrored.company, rng))),
        68..92 => sync(mirrored, rng, step).await,
        92..95 => deliver(mirrored, rng).await,
        _ => Ok(advance(mirrored, rng)),
    }
}

/// Ends all faults.
pub(super) fn quiet(mirrored: &Mirrored) {
    let state = &mut *mirrored.world.machine.lock();
    (state.fault_percent, state.kill_percent, state.outage) = (0, 0, None);
    mirrored.company.stand_in.lock().injections.clear();
    mirrored.company.set_line(Line::default());
}

fn repeat(rng: &mut Rng, mut make: impl FnMut(&mut Rng) -> String) -> String {
    let made: Vec<String> = (0..=rng.below(3)).map(|_| make(rng)).collect();
    made.join("\n    ")
}

/// Clients write through the API.
async fn write(mirrored: &mut Mirrored, rng: &mut Rng, step: usize) -> Result<String, Violation> {
    let planned = writes::draw(&mut mirrored.world, 0, rng);
    writes::send(&mirrored.world, 0, &planned).await?;
    mirrored.world.machine.settle().await;
    mirrored.world.restart_killed();
    read_back(mirrored, step).await?;
    Ok(format!("API: {planned:?}"))
}

/// Tells the writers of the API which customers there are.
async fn read_back(mirrored: &mut Mirrored, step: usize) -> Result<(), Violation> {
    let all = list_all(mirrored.observer(), &mirrored.tenant()).await?;
    mirrored.world.accounts[0].model.take_over(all, step);
    Ok(())
}

/// Runs the agent, sometimes under faults, sometimes killed, sometimes while others write.
async fn sync(mirrored: &mut Mirrored, rng: &mut Rng, step: usize) -> Result<String, Violation> {
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
    let ended = mirrored.sync(options, kill_after).await;
    mirrored.world.machine.settle().await;
    quiet(mirrored);
    read_back(mirrored, step).await?;
    check_end(mirrored, &ended, !faults.is_empty() || !waits)?;
    Ok(format!("sync {options:?}, faults {faults:?}, kill after {kill_after:?}: {ended:?}"))
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
            has_faults
                && matches!(
                    error,
                    clientele_shared::Error::Throttled { .. } | clientele_shared::Error::Unavailable { .. }
                )
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

/// Delivers the webhooks that wait, or loses them.
async fn deliver(mirrored: &Mirrored, rng: &mut Rng) -> Result<String, Violation> {
    mirrored.company.set_clock();
    let is_lost = rng.percent(30);
    let mut all = Vec::new();
    while let Some(body) = mirrored.company.deliver() {
        all.extend(hints(&body, mirrored.connection.connected_at));
    }
    if is_lost {
        return Ok(format!("{} webhooks are lost", all.len()));
    }
    let put =
        mirrored.observer().mirror_hints_put(&mirrored.tenant(), &mirrored.connection.realm, &all).await;
    put.map_err(|error| format!("hints cannot be stored: {}", error.chain()))?;
    Ok(format!("{} webhooks arrive", all.len()))
}

/// Returns what a delivery reports.
fn hints(body: &Value, at: clientele_shared::model::Timestamp) -> Vec<Hint> {
    let notified = body["eventNotifications"].as_array().into_iter().flatten();
    let entities =
        notified.flat_map(|one| one["dataChangeEvent"]["entities"].as_array().into_iter().flatten());
    let hint = |entity: &Value| {
        let id = |name: &str| entity[name].as_str()?.parse().ok();
        let mirrored = MirroredEntity::named(entity["name"].as_str()?)?;
        Some(Hint { entity: mirrored, id: id("id")?, merged_id: id("deletedId"), at })
    };
    entities.filter_map(hint).collect()
}

/// Lets time pass: seconds, hours, or so much that tokens and changes are too old.
fn advance(mirrored: &mut Mirrored, rng: &mut Rng) -> String {
    let seconds = match rng.below(10) {
        0..4 => 1 + rng.below(120) as i64,
        4..8 => HOUR * (1 + rng.below(30) as i64),
        8 => 24 * HOUR * 40,
        _ => 24 * HOUR * 28,
    };
    mirrored.advance(seconds);
    if seconds >= HOUR {
        // Idempotency keys are remembered for a day.
        let model = &mut mirrored.world.accounts[0].model;
        model.keyed_creates.clear();
        model.keyed_changes.clear();
    }
    format!("{seconds} s pass")
}
