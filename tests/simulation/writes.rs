//! Moves that write: single requests and concurrent ones, retries, bulk updates and imports.

use std::time::Duration;

use futures::future::join_all;

use clientele_shared::Error;
use clientele_shared::model::CustomerNumber;
use clientele_shared::store::{ImportedRow, RowKey};

use super::explain::{Action, Change, Ended};
use super::model::{Create, Import, KeyedCreate, Model, Violation, Writes};
use super::patch::Patch;
use super::rng::Rng;
use super::wire::{self, Conditions};
use super::world::{Answer, Call, PROCESSES, World, pause};

/// One request that writes, before it is sent.
#[derive(Debug, Clone)]
enum Request {
    Create {
        nonce: String,
        patch: Patch,
        key: Option<String>,
        is_pool: bool,
    },
    /// A key that was used for another body.
    Misuse {
        patch: Patch,
        key: String,
        is_pool: bool,
    },
    /// The change's end is not known yet.
    Change {
        change: Change,
        is_pool: bool,
    },
    Bulk {
        numbers: Vec<CustomerNumber>,
        patch: Patch,
    },
    Import {
        commit: usize,
        rows: Vec<(String, Patch)>,
        is_known: bool,
    },
}

/// A request, the process that answers it, and when it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    request: Request,
    process: usize,
    delay: Duration,
}

impl Planned {
    /// Returns how many round trips in sequence the write is allowed, if it is one request of one customer.
    pub(crate) fn round_trips(&self) -> Option<usize> {
        match &self.request {
            // One more than three where the process's clock is behind.
            Request::Create { .. } | Request::Misuse { .. } => Some(4),
            Request::Change { .. } => Some(3),
            Request::Bulk { .. } | Request::Import { .. } => None,
        }
    }
}

/// Draws one to four writes to be sent concurrently.
pub(crate) fn draw(world: &mut World, account: usize, rng: &mut Rng) -> Vec<Planned> {
    let count = if rng.percent(40) { 2 + rng.below(3) } else { 1 };
    let mut requests: Vec<Request> = Vec::new();
    for _ in 0..count {
        let model = &mut world.accounts[account].model;
        let request = match requests.last() {
            // The same request twice at the same time.
            Some(same @ Request::Create { key: Some(_), .. }) if rng.percent(50) => same.clone(),
            Some(same @ Request::Change { change: Change { key: Some(_), .. }, .. }) if rng.percent(40) => {
                same.clone()
            }
            Some(Request::Change { change, .. }) if rng.percent(60) => draw_change(model, change.number, rng),
            _ => draw_request(world, account, rng),
        };
        requests.push(request);
    }
    let plan = |request| Planned {
        request,
        process: rng.below(PROCESSES),
        delay: Duration::from_millis(rng.below(30) as u64),
    };
    requests.into_iter().map(plan).collect()
}

/// Sends writes concurrently; returns what is known of them.
pub(crate) async fn send(world: &World, account: usize, planned: &[Planned]) -> Result<Writes, Violation> {
    let sends = planned.iter().map(|one| async move {
        pause(one.delay).await;
        send_one(world, account, one.process, &one.request).await
    });
    let mut writes = Writes::default();
    for ended in join_all(sends).await {
        let ended = ended?;
        writes.changes.extend(ended.changes);
        writes.creates.extend(ended.creates);
    }
    Ok(writes)
}

fn draw_request(world: &mut World, account: usize, rng: &mut Rng) -> Request {
    let account = &mut world.accounts[account];
    let (tags, model) = (&account.tags, &mut account.model);
    let numbers: Vec<CustomerNumber> = model.customers.keys().copied().collect();
    match rng.below(100) {
        kind if numbers.len() < 3 || kind < 22 => draw_create(model, rng),
        22..29 if !model.keyed_creates.is_empty() => {
            let KeyedCreate { key, nonce, patch, is_pool } = rng.pick(&model.keyed_creates).clone();
            if rng.percent(30) && model.by_nonce(&nonce).is_some() {
                let patch = Patch::new_customer(rng, 0, "misuse");
                return Request::Misuse {
                    patch: if is_pool { patch.for_pool() } else { patch },
                    key,
                    is_pool,
                };
            }
            Request::Create { nonce, patch, key: Some(key), is_pool }
        }
        29..36 if !model.keyed_changes.is_empty() => {
            let change = rng.pick(&model.keyed_changes).clone();
            Request::Change { is_pool: is_pool_key(change.key.as_ref()), change }
        }
        36..45 => {
            let numbers = numbers.into_iter().filter(|_| rng.percent(30)).collect();
            Request::Bulk { numbers, patch: Patch::pool_change(rng, tags) }
        }
        45..50 => draw_import(model, rng),
        _ => draw_change(model, *rng.pick(&numbers), rng),
    }
}

fn draw_create(model: &mut Model, rng: &mut Rng) -> Request {
    let (nonce, is_pool) = (model.nonce(), rng.percent(30));
    let patch = Patch::new_customer(rng, model.long_names, &nonce);
    let patch = if is_pool { patch.for_pool() } else { patch };
    let key = rng.percent(50).then(|| format!("create-{nonce}"));
    if let Some(key) = &key {
        let (key, nonce, patch) = (key.clone(), nonce.clone(), patch.clone());
        model.keyed_creates.push(KeyedCreate { key, nonce, patch, is_pool });
    }
    Request::Create { nonce, patch, key, is_pool }
}

fn draw_import(model: &mut Model, rng: &mut Rng) -> Request {
    let commit = rng.below(model.imports.len() + 2);
    if commit >= model.imports.len() {
        let mut rows = Vec::new();
        for _ in 0..=rng.below(4) {
            let nonce = model.nonce();
            let patch = Patch::new_customer(rng, model.long_names, &nonce);
            // Imports are exempt from unique emails.
            rows.push((nonce, if model.has_unique_emails { patch.without_email() } else { patch }));
        }
        model.imports.push(Import { rows });
    }
    let commit = commit.min(model.imports.len() - 1);
    let rows = model.imports[commit].rows.clone();
    let is_known = rows.iter().any(|(nonce, _)| model.by_nonce(nonce).is_some());
    Request::Import { commit, rows, is_known }
}

fn draw_change(model: &mut Model, number: CustomerNumber, rng: &mut Rng) -> Request {
    let action = match rng.below(10) {
        0 | 1 => Action::Delete,
        2 | 3 => Action::Restore,
        _ => Action::Update(Patch::change(rng, model.long_names)),
    };
    let is_pool = matches!(action, Action::Update(_)) && rng.percent(30);
    let action = match action {
        Action::Update(patch) if is_pool => Action::Update(patch.for_pool()),
        action => action,
    };
    let version = model.customers.get(&number).map(|known| known.customer.version);
    let if_match = version.filter(|_| !is_pool && rng.percent(30));
    let if_match =
        if_match.map(|version| version - u64::from(rng.percent(20))).filter(|version| *version > 0);
    let key = rng.percent(40).then(|| {
        let prefix = if is_pool { POOL_KEY } else { "change" };
        format!("{prefix}-{}", model.keyed_changes.len())
    });
    let change = Change { number, action, if_match, key, ended: Ended::Unknown };
    if change.key.is_some() {
        model.keyed_changes.push(change.clone());
    }
    Request::Change { change, is_pool }
}

/// The start of the keys of changes that pool sends.
const POOL_KEY: &str = "pool";

fn is_pool_key(key: Option<&String>) -> bool {
    key.is_some_and(|key| key.starts_with(POOL_KEY))
}

async fn send_one(
    world: &World,
    account: usize,
    process: usize,
    request: &Request,
) -> Result<Writes, Violation> {
    let mut writes = Writes::default();
    match request {
        Request::Create { nonce, patch, key, is_pool } => {
            let conditions = Conditions { key: key.clone(), if_match: None };
            let answer = post(world, account, process, &wire::create(patch, &conditions, *is_pool)).await;
            let uuid = wire::created(&answer, &world.accounts[account].tenant);
            let ended = wire::ended(&answer)?;
            writes.creates.push(Create {
                nonce: nonce.clone(),
                patch: patch.clone(),
                ended,
                uuid,
                commit: None,
            });
        }
        Request::Misuse { patch, key, is_pool } => {
            let conditions = Conditions { key: Some(key.clone()), if_match: None };
            let answer = post(world, account, process, &wire::create(patch, &conditions, *is_pool)).await;
            if let Ended::Done(_) | Ended::Refused(404 | 412) = wire::ended(&answer)? {
                return Err(format!("the key {key} was accepted for another body: {answer:?}"));
            }
        }
        Request::Change { change, is_pool } => {
            let conditions = Conditions { key: change.key.clone(), if_match: change.if_match };
            let tenant = &world.accounts[account].tenant;
            let call = wire::change(tenant, change.number, &change.action, &conditions, *is_pool);
            let ended = wire::ended(&post(world, account, process, &call).await)?;
            writes.changes.push(Change { ended, ..change.clone() });
        }
        Request::Bulk { numbers, patch } => {
            writes.changes = send_bulk(world, account, process, numbers, patch).await?;
        }
        Request::Import { commit, rows, is_known } => {
            writes.creates = import(world, account, process, (*commit, rows, *is_known)).await?;
        }
    }
    Ok(writes)
}

async fn post(world: &World, account: usize, process: usize, call: &Call) -> Answer {
    world.send(process, &world.accounts[account].secrets[0], call).await
}

async fn send_bulk(
    world: &World,
    account: usize,
    process: usize,
    numbers: &[CustomerNumber],
    patch: &Patch,
) -> Result<Vec<Change>, Violation> {
    let answer = post(world, account, process, &wire::bulk(numbers, patch)).await;
    let all = wire::ended(&answer)?;
    let result = &answer.body["data"]["bulkUpdateCustomers"];
    let failed: Vec<&str> =
        result["errors"].as_array().into_iter().flatten().filter_map(|error| error["id"].as_str()).collect();
    let changes = numbers.iter().map(|number| {
        let ended = match all {
            Ended::Done(_) if failed.contains(&number.to_customer_id().as_str()) => Ended::Refused(404),
            all => all,
        };
        Change { number: *number, action: Action::Update(patch.clone()), if_match: None, key: None, ended }
    });
    Ok(changes.collect())
}

async fn import(
    world: &World,
    account: usize,
    process: usize,
    (commit, rows, is_known): (usize, &[(String, Patch)], bool),
) -> Result<Vec<Create>, Violation> {
    let (tenant, store) = (&world.accounts[account].tenant, &world.processes[process].store);
    let Ok(allocated) = store.customer_numbers_allocate(tenant, rows.len() as u32).await else {
        return Ok(Vec::new());
    };
    let imported = rows.iter().zip(allocated.first.get()..).map(|((nonce, patch), number)| ImportedRow {
        key: RowKey::new("simulation", nonce),
        number: CustomerNumber::new(number.into()).expect("a small number"),
        at: allocated.at,
        fields: patch.apply(Default::default()),
    });
    let ended = match store.customers_import(tenant, imported.collect()).await {
        Ok(true) if is_known => return Err(format!("rows were imported twice: {rows:?}")),
        Ok(true) => Ended::Done(None),
        Ok(false) if is_known => return Ok(Vec::new()),
        // A concurrent import of the same rows was faster.
        Ok(false) => Ended::Unknown,
        Err(Error::Throttled { .. }) => Ended::Throttled,
        Err(Error::Unavailable { .. }) => Ended::Unknown,
        Err(error) => return Err(format!("an import failed: {}", error.chain())),
    };
    let create = |(nonce, patch): &(String, Patch)| Create {
        nonce: nonce.clone(),
        patch: patch.clone(),
        ended,
        uuid: None,
        commit: Some(commit),
    };
    Ok(rows.iter().map(create).collect())
}

/// Returns how many customers the writes try to create.
pub(crate) fn creates(planned: &[Planned]) -> usize {
    let count = |one: &Planned| match &one.request {
        Request::Create { .. } | Request::Misuse { .. } => 1,
        Request::Import { rows, .. } => rows.len(),
        Request::Change { .. } | Request::Bulk { .. } => 0,
    };
    planned.iter().map(count).sum()
}
