//! Moves that read: a get, pages of a walk, a jump to a page, an export, a reader of the log, and a read with another
//! tenant's id. They run while other clients write, and are checked when it is known what was written.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use clientele_shared::model::{CustomerNumber, Status};
use clientele_shared::store::CustomerFilter;

use super::follower::Follower;
use super::list::List;
use super::model::{Known, Model, Violation};
use super::rng::Rng;
use super::walk::Walk;
use super::world::{Account, Answer, Call, KEYS, PROCESSES, World, pause};

/// After this many steps, a walk that has not ended is given up.
const MAX_STEPS: usize = 60;

/// A read, the process that answers it, and when it is made.
pub(crate) struct Planned {
    read: Read,
    process: usize,
    delay: Duration,
}

/// A read, before or after it was made.
enum Read {
    Get { number: CustomerNumber, include_deleted: bool, answer: Option<Answer> },
    Jump { jump: Jump, answer: Option<Answer> },
    Trespass { call: Call, answer: Option<Answer> },
    Export { status: Option<Status>, answer: Option<Answer> },
    Walk { key: usize, pages: usize, walk: Box<Walk> },
    Follow { at: usize, follower: Follower },
}

/// A page of the list of all customers, by its number.
struct Jump {
    include_deleted: bool,
    page: usize,
    limit: usize,
    /// Whether no page that the same key has read before leads there.
    is_far: bool,
}

/// Draws a number of reads to be made concurrently.
pub(crate) fn draw(
    world: &mut World,
    account: usize,
    rng: &mut Rng,
    count: usize,
    steps: (usize, usize),
) -> Vec<Planned> {
    let draw = |_| {
        let read = draw_one(world, account, rng, steps)?;
        let delay = Duration::from_millis(rng.below(20) as u64);
        Some(Planned { read, process: rng.below(PROCESSES), delay })
    };
    (0..count).filter_map(draw).collect()
}

fn draw_one(
    world: &mut World,
    account: usize,
    rng: &mut Rng,
    (step, caught_up_at): (usize, usize),
) -> Option<Read> {
    let now = world.observer.ambient().now();
    let kind = rng.below(20);
    if kind == 0 {
        return trespass(world, account, rng);
    }
    let owner = &mut world.accounts[account];
    match kind {
        1..4 => {
            let numbers: Vec<_> = owner.model.customers.keys().copied().collect();
            let number = (!numbers.is_empty()).then(|| *rng.pick(&numbers))?;
            Some(Read::Get { number, include_deleted: rng.percent(50), answer: None })
        }
        4..6 => Some(Read::Jump { jump: jump(owner, rng), answer: None }),
        6..8 => {
            let status = rng.percent(50).then(|| *rng.pick(&Status::ALL));
            Some(Read::Export { status, answer: None })
        }
        8..11 => {
            let at = rng.below(owner.followers.len());
            let mut follower = owner.followers[at].take()?;
            follower.prepare(rng);
            Some(Read::Follow { at, follower })
        }
        _ => {
            let key = rng.below(KEYS);
            let walk = match std::mem::take(&mut owner.walks[key]) {
                WalkSlot::Open(walk) if walk.started_at + MAX_STEPS > step => walk,
                WalkSlot::Busy => return None,
                _ => Box::new(Walk::start(List::draw(owner, now, rng), &owner.model, caught_up_at, step)),
            };
            owner.walks[key] = WalkSlot::Busy;
            Some(Read::Walk { key, pages: 1 + rng.below(6), walk })
        }
    }
}

/// The walk of an API key, between its pages.
#[derive(Default)]
pub(crate) enum WalkSlot {
    #[default]
    Free,
    Open(Box<Walk>),
    /// The walk is being read during this step.
    Busy,
}

/// Draws a page, which is exact unless the key's last page of the list leads there.
fn jump(owner: &mut Account, rng: &mut Rng) -> Jump {
    let include_deleted = rng.percent(50);
    let filter = CustomerFilter { include_deleted, ..CustomerFilter::default() };
    let limit = 2 + rng.below(3);
    let page = 1 + rng.below(owner.model.count(&filter) / limit + 1);
    let last_pages = owner.jumps.entry((limit, include_deleted)).or_default();
    let is_far = page == 1 || !last_pages.iter().any(|last| page == *last || page == last + 1);
    last_pages.insert(page);
    Jump { include_deleted, page, limit, is_far }
}

/// Uses the id of another tenant's customer.
fn trespass(world: &World, account: usize, rng: &mut Rng) -> Option<Read> {
    let known: Vec<&Known> = world.accounts[1 - account].model.customers.values().collect();
    let uuid = (!known.is_empty()).then(|| rng.pick(&known).customer.uuid)?;
    let (method, body) = match rng.below(3) {
        0 => (Method::PUT, json!({ "first_name": "Mallory" })),
        1 => (Method::DELETE, Value::Null),
        _ => (Method::GET, Value::Null),
    };
    let call = Call { method, body, ..get(format!("/api/v1/customers/{uuid}?include_deleted=true")) };
    Some(Read::Trespass { call, answer: None })
}

fn get(path: String) -> Call {
    Call { method: Method::GET, path, headers: Vec::new(), body: Value::Null }
}

impl Planned {
    /// Returns how many round trips in sequence the read is allowed; `None` if that depends on how far indexes are.
    pub(crate) fn round_trips(&self) -> Option<usize> {
        match &self.read {
            Read::Get { .. } => Some(1),
            // Deleted and unused numbers that are passed cost up to two trips more, and the walk is saved at the end.
            Read::Jump { jump, .. } => Some(if jump.page == 1 { 3 + 2 } else { 5 + 1 + 2 }),
            _ => None,
        }
    }

    /// Makes the read.
    pub(crate) async fn run(&mut self, world: &World, account: usize) -> Result<(), Violation> {
        pause(self.delay).await;
        let (owner, process) = (&world.accounts[account], self.process);
        match &mut self.read {
            Read::Get { number, include_deleted, answer } => {
                let uuid = owner.tenant.customer_uuid(*number);
                let call = get(format!("/api/v1/customers/{uuid}?include_deleted={include_deleted}"));
                *answer = Some(world.send(process, &owner.secrets[0], &call).await);
            }
            Read::Jump { jump: Jump { include_deleted, page, limit, .. }, answer } => {
                let path = format!("limit={limit}&page={page}&include_deleted={include_deleted}");
                let call = get(format!("/api/v1/customers?{path}"));
                *answer = Some(world.send(process, &owner.secrets[KEYS], &call).await);
            }
            Read::Trespass { call, answer } => {
                *answer = Some(world.send(process, &owner.secrets[0], call).await);
            }
            Read::Export { status, answer } => {
                let status = status.map(|status| format!("?status={}", status.as_str())).unwrap_or_default();
                let call = get(format!("/customers/export/csv{status}"));
                *answer = Some(world.send(process, &owner.secrets[0], &call).await);
            }
            Read::Walk { key, pages, walk } => {
                for _ in 0..*pages {
                    if !walk.has_ended {
                        walk.read(world, owner, process, *key).await?;
                    }
                }
            }
            Read::Follow { follower, .. } => {
                follower.read(&world.processes[process].store, &owner.tenant, world.is_calm).await?;
            }
        }
        Ok(())
    }

    /// Checks what was read. The model has been told what was written in the meantime. In a calm step, no read is allowed
    /// to fail.
    pub(crate) fn check(self, owner: &mut Account, is_calm: bool) -> Result<(), Violation> {
        let model = &owner.model;
        match self.read {
            Read::Get { number, include_deleted, answer: Some(answer) } => {
                check_get(model, number, include_deleted, &answer, is_calm)
            }
            Read::Trespass { call, answer } => match &answer {
                Some(answer) if answer.status == 404 || answer.is_fault(is_calm) => Ok(()),
                _ => Err(format!("{call:?} reached another tenant's customer: {answer:?}")),
            },
            Read::Export { status, answer: Some(answer) } => check_export(model, status, &answer, is_calm),
            Read::Jump { jump, answer: Some(answer) } => check_jump(owner, &jump, &answer, is_calm),
            Read::Get { answer: None, .. }
            | Read::Export { answer: None, .. }
            | Read::Jump { answer: None, .. } => Err("a read was not made".into()),
            Read::Walk { key, mut walk, .. } => {
                walk.check(model)?;
                owner.walks[key] = if walk.has_ended { WalkSlot::Free } else { WalkSlot::Open(walk) };
                Ok(())
            }
            Read::Follow { at, follower } => {
                owner.followers[at] = Some(follower);
                Ok(())
            }
        }
    }
}

fn check_get(
    model: &Model,
    number: CustomerNumber,
    include_deleted: bool,
    answer: &Answer,
    is_calm: bool,
) -> Result<(), Violation> {
    let Some(known) = model.customers.get(&number) else { return Ok(()) };
    let mut states = known.during(model.observed_at).iter();
    let is_right = match answer.status {
        200 => states.any(|state| {
            (include_deleted || !state.is_deleted)
                && answer.version == Some(state.version)
                && answer.body["data"]["last_name"] == json!(state.fields.last_name)
                && answer.body["data"]["customer_type"] == state.fields.customer_type.as_str()
        }),
        404 => states.any(|state| state.is_deleted && !include_deleted),
        _ => answer.is_fault(is_calm),
    };
    if is_right { Ok(()) } else { Err(format!("a get returned {answer:?} instead of {:?}", known.customer)) }
}

fn check_jump(owner: &mut Account, jump: &Jump, answer: &Answer, is_calm: bool) -> Result<(), Violation> {
    let Jump { include_deleted, page, limit, is_far } = *jump;
    let model = &owner.model;
    if answer.status != 200 {
        let is_fault = answer.is_fault(is_calm);
        return if is_fault { Ok(()) } else { Err(format!("a jump was answered with {answer:?}")) };
    }
    if page > 1 {
        owner.jumps.insert((limit, include_deleted), [page].into());
    }
    let filter = CustomerFilter { include_deleted, ..CustomerFilter::default() };
    let (least, most) = model.count_during(&filter);
    let total = answer.body["data"]["pagination"]["total"].as_u64();
    if !total.is_some_and(|total| (least..=most).contains(&total)) {
        return Err(format!("the total is not {least} to {most}: {answer:?}"));
    }
    // Which customers a page has while others are created, deleted or restored is only known afterwards.
    let is_unchanged = !model.customers.values().any(|known| known.changed_at == model.observed_at);
    let all = model.select(|customer| filter.matches(customer));
    let expected: Vec<String> =
        all.iter().skip((page - 1) * limit).take(limit).map(|customer| customer.uuid.to_string()).collect();
    let rows = answer.body["data"]["customers"].as_array().into_iter().flatten();
    let shown: Vec<String> = rows.filter_map(|row| row["uuid"].as_str()).map(str::to_owned).collect();
    // Faults can use up the time budget. A page that was cut short has a next one.
    let is_cut =
        !is_calm && shown.len() < expected.len() && answer.next.is_some() && expected.starts_with(&shown);
    if is_far && is_unchanged && shown != expected && !is_cut {
        return Err(format!("page {page} of {limit} shows {shown:?} instead of {expected:?}"));
    }
    Ok(())
}

/// Checks that an export has each customer that was there all along exactly once, and no other customer.
fn check_export(
    model: &Model,
    status: Option<Status>,
    answer: &Answer,
    is_calm: bool,
) -> Result<(), Violation> {
    match answer.status {
        // An export that breaks off does not look finished.
        200 if !answer.is_whole && !is_calm => return Ok(()),
        200 if answer.is_whole => {}
        _ if answer.is_fault(is_calm) => return Ok(()),
        _ => return Err(format!("an export was answered with {answer:?}")),
    }
    let filter = CustomerFilter { status, ..CustomerFilter::default() };
    let mut shown: BTreeSet<CustomerNumber> = BTreeSet::new();
    for row in csv::Reader::from_reader(answer.text.as_bytes()).records() {
        let row = row.map_err(|error| format!("an export is not CSV: {error}"))?;
        let number = CustomerNumber::from_customer_id(&row[0]);
        let number = number.ok_or_else(|| format!("an export shows no customer: {row:?}"))?;
        let known = model.customers.get(&number);
        let known = known.ok_or_else(|| format!("an export shows an unknown customer: {row:?}"))?;
        let is_state = known.during(model.observed_at).iter().any(|state| {
            filter.matches(&state.customer(&known.customer))
                && row[2] == *state.fields.last_name.as_deref().unwrap_or_default()
                && row[11] == *state.fields.status.as_str()
        });
        if !is_state {
            return Err(format!("an export of {filter:?} shows {row:?} instead of {:?}", known.customer));
        }
        if !shown.insert(number) {
            return Err(format!("an export shows customer {number} twice: {}", answer.text));
        }
    }
    for known in model.customers.values().filter(|known| !known.is_new(model.observed_at)) {
        let states = known.during(model.observed_at);
        let is_kept = states.iter().all(|state| filter.matches(&state.customer(&known.customer)));
        if is_kept && !shown.contains(&known.customer.number) {
            return Err(format!("an export of {filter:?} misses {:?}: {}", known.customer, answer.text));
        }
    }
    Ok(())
}
