//! The moves: what clients, people in QuickBooks, the agent and the world do.

use std::time::Duration;

use clientele_shared::model::{Conflict, Hint, MirrorSide, MirroredEntity, Timestamp};
use clientele_sync_agent::mirror::{Resolution, fields::Field};
use serde_json::Value;

use super::agent::{LEASE_SECONDS, Mirrored};
use super::client;
use super::company::Line;
use super::ledger::{Decision, ours};
use super::person;
use super::sync::sync;
use crate::simulation::model::Violation;
use crate::simulation::observe::list_all;
use crate::simulation::rng::Rng;
use crate::simulation::world::pause;
use crate::simulation::writes;

const HOUR: i64 = 3_600;

/// Makes one move; returns what it was.
pub(super) async fn make(mirrored: &mut Mirrored, rng: &mut Rng, step: usize) -> Result<String, Violation> {
    mirrored.world.machine.lock().rng = Rng::for_step(rng.next(), step);
    quiet(mirrored);
    pause(Duration::from_millis(rng.below(3_000) as u64)).await;
    match rng.below(100) {
        0..16 => write(mirrored, rng, step).await,
        16..30 => set_fields(mirrored, rng, step).await,
        30..53 => Ok(repeat(rng, |rng| person::edit(&mirrored.company, rng))),
        53..66 => Ok(repeat(rng, |rng| person::sell(&mirrored.company, rng))),
        66..89 => sync(mirrored, rng, step).await,
        89..91 => plan(mirrored).await,
        91..94 => resolve(mirrored, rng, step).await,
        94..96 => deliver(mirrored, rng).await,
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

/// Clients of all dialects set fields that QuickBooks has too.
async fn set_fields(mirrored: &mut Mirrored, rng: &mut Rng, step: usize) -> Result<String, Violation> {
    let mut made = Vec::new();
    for _ in 0..=rng.below(4) {
        let planned = client::draw(mirrored, rng);
        client::send(&mirrored.world, &planned).await?;
        made.push(format!("API: {planned:?}"));
    }
    mirrored.world.machine.settle().await;
    read_back(mirrored, step).await?;
    Ok(made.join("\n    "))
}

/// Plans a sync, which must change nothing.
async fn plan(mirrored: &Mirrored) -> Result<String, Violation> {
    let count = || (mirrored.world.machine.lock().engine.record_changes, mirrored.company.changes().len());
    let before = count();
    mirrored.advance(LEASE_SECONDS);
    let plan = mirrored.mirror().plan(&mut |_| {}).await;
    mirrored.world.machine.settle().await;
    if count() != before {
        return Err(format!("the plan of a sync has changed something: {plan:?}"));
    }
    if plan.is_err() {
        mirrored.connect();
    }
    Ok(format!("plan: {plan:?}"))
}

/// A person decides about a conflict.
async fn resolve(mirrored: &mut Mirrored, rng: &mut Rng, step: usize) -> Result<String, Violation> {
    let (tenant, realm) = (mirrored.tenant(), mirrored.connection.realm.clone());
    let all = mirrored.observer().mirror_conflicts(&tenant, &realm).await.map_err(|error| error.chain())?;
    if all.is_empty() {
        return Ok("no conflict to resolve".into());
    }
    let Conflict { number, field, .. } = rng.pick(&all);
    let keep = *rng.pick(&[MirrorSide::Ours, MirrorSide::Theirs]);
    let field = Field::named(field).filter(|_| rng.percent(70));
    let resolution = Resolution { number: *number, keep, field };
    let before = list_all(mirrored.observer(), &tenant).await?.into_iter().find(|one| one.number == *number);
    let before = before.map(|customer| ours(&customer)).unwrap_or_default();
    let resolved = resolution.apply(&mirrored.store(), &tenant, &mirrored.connection).await;
    let resolved = resolved.map_err(|error| format!("a conflict cannot be resolved: {error}"))?;
    mirrored.world.machine.settle().await;
    let after = mirrored.world.machine.lock().engine.history.as_ref().map_or(0, Vec::len);
    for Conflict { number, quickbooks_id, field, ours, theirs, .. } in resolved {
        let Some(field) = Field::named(&field) else { continue };
        let is_change = before.get(field) != if keep == MirrorSide::Ours { &ours } else { &theirs };
        let (kept, quickbooks_id) = (keep, quickbooks_id.to_string());
        mirrored.decisions.push(Decision {
            number,
            quickbooks_id,
            field,
            kept,
            ours,
            theirs,
            is_change,
            after,
        });
    }
    read_back(mirrored, step).await?;
    Ok(format!("{resolution:?}"))
}

/// Tells the writers of the API which customers there are.
pub(super) async fn read_back(mirrored: &mut Mirrored, step: usize) -> Result<(), Violation> {
    let all = list_all(mirrored.observer(), &mirrored.tenant()).await?;
    mirrored.world.accounts[0].model.take_over(all, step);
    Ok(())
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
fn hints(body: &Value, at: Timestamp) -> Vec<Hint> {
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
