//! Moves that write: single requests and concurrent ones, retries, bulk updates and imports.

use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};

use clientele_shared::Error;
use clientele_shared::model::CustomerNumber;
use clientele_shared::store::{ImportedRow, RowKey};

use super::model::{Action, Change, Create, Ended, Import, UsedKey, Violation, Writes};
use super::patch::Patch;
use super::rng::Rng;
use super::world::{Answer, Call, World};

const CUSTOMERS: &str = "/api/v1/customers";
const BULK: &str = "mutation($i: BulkUpdateCustomersInput!) { bulkUpdateCustomers(input: $i) \
                    { success updatedCount errors { id message } } }";

/// One request that writes, before it is sent.
#[derive(Debug, Clone)]
enum Request {
    Create {
        nonce: String,
        patch: Patch,
        key: Option<String>,
    },
    /// A key that was used for another body.
    Misuse {
        patch: Patch,
        key: String,
    },
    Change {
        number: CustomerNumber,
        action: Action,
        if_match: Option<u64>,
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

/// Sends one to three writes concurrently; returns what is known of them.
pub(crate) async fn write(world: &mut World, account: usize, rng: &mut Rng) -> Result<Writes, Violation> {
    let count = if rng.percent(30) { 2 + rng.below(2) } else { 1 };
    let mut requests: Vec<Request> = Vec::new();
    for _ in 0..count {
        match requests.last() {
            // The same request twice at the same time.
            Some(same @ Request::Create { key: Some(_), .. }) if rng.percent(50) => {
                requests.push(same.clone())
            }
            Some(Request::Change { number, .. }) if rng.percent(60) => {
                let number = *number;
                requests.push(change(world, account, number, rng));
            }
            _ => requests.push(draw(world, account, rng)),
        }
    }
    let processes: Vec<usize> = requests.iter().map(|_| rng.below(world.processes.len())).collect();
    let sends =
        requests.iter().zip(processes).map(|(request, process)| send(world, account, process, request));
    let mut writes = Writes::default();
    for ended in join_all(sends).await {
        let ended = ended?;
        writes.changes.extend(ended.changes);
        writes.creates.extend(ended.creates);
    }
    Ok(writes)
}

fn draw(world: &mut World, account: usize, rng: &mut Rng) -> Request {
    let account = &mut world.accounts[account];
    let (tags, model) = (&account.tags, &mut account.model);
    let numbers: Vec<CustomerNumber> = model.customers.keys().copied().collect();
    let kind = rng.below(100);
    match kind {
        _ if numbers.len() < 3 || kind < 25 => {
            let nonce = model.nonce();
            let patch = Patch::new_customer(rng, &nonce);
            let key = rng.percent(50).then(|| format!("key-{nonce}"));
            if let Some(key) = &key {
                model.keys.push(UsedKey { key: key.clone(), nonce: nonce.clone(), patch: patch.clone() });
            }
            Request::Create { nonce, patch, key }
        }
        25..35 if !model.keys.is_empty() => {
            let UsedKey { key, nonce, patch } = rng.pick(&model.keys).clone();
            if rng.percent(30) && model.by_nonce(&nonce).is_some() {
                return Request::Misuse { patch: Patch::new_customer(rng, "misuse"), key };
            }
            Request::Create { nonce, patch, key: Some(key) }
        }
        35..45 => {
            let numbers = numbers.into_iter().filter(|_| rng.percent(30)).collect();
            Request::Bulk { numbers, patch: Patch::pool_change(rng, tags) }
        }
        45..50 => {
            let commit = rng.below(model.imports.len() + 2);
            if commit >= model.imports.len() {
                let mut rows = Vec::new();
                for _ in 0..=rng.below(4) {
                    let nonce = model.nonce();
                    let patch = Patch::new_customer(rng, &nonce);
                    rows.push((nonce, patch));
                }
                model.imports.push(Import { rows });
            }
            let commit = commit.min(model.imports.len() - 1);
            let rows = model.imports[commit].rows.clone();
            let is_known = rows.iter().any(|(nonce, _)| model.by_nonce(nonce).is_some());
            Request::Import { commit, rows, is_known }
        }
        _ => {
            let number = *rng.pick(&numbers);
            change_of(model.customers.get(&number).map(|known| known.customer.version), number, rng)
        }
    }
}

fn change(world: &World, account: usize, number: CustomerNumber, rng: &mut Rng) -> Request {
    let known = world.accounts[account].model.customers.get(&number);
    change_of(known.map(|known| known.customer.version), number, rng)
}

fn change_of(version: Option<u64>, number: CustomerNumber, rng: &mut Rng) -> Request {
    let action = match rng.below(10) {
        0 | 1 => Action::Delete,
        2 | 3 => Action::Restore,
        _ => Action::Update(Patch::change(rng)),
    };
    let if_match = version.filter(|_| rng.percent(30)).map(|version| version - u64::from(rng.percent(20)));
    Request::Change { number, action, if_match: if_match.filter(|version| *version > 0) }
}

async fn send(world: &World, account: usize, process: usize, request: &Request) -> Result<Writes, Violation> {
    let mut writes = Writes::default();
    match request {
        Request::Create { nonce, patch, key } => {
            let answer = post(world, account, process, patch, key.as_ref()).await;
            let ended = Ended::of(&answer)?;
            if let Ended::Refused(_) = ended {
                return Err(format!("the create {request:?} was refused: {answer:?}"));
            }
            let uuid = answer.body.pointer("/data/uuid").and_then(Value::as_str).map(str::to_owned);
            let create = Create { nonce: nonce.clone(), patch: patch.clone(), ended, uuid, commit: None };
            writes.creates.push(create);
        }
        Request::Misuse { patch, key } => {
            let answer = post(world, account, process, patch, Some(key)).await;
            if let Ended::Done(_) | Ended::Refused(404 | 412) = Ended::of(&answer)? {
                return Err(format!("the key {key} was accepted for another body: {answer:?}"));
            }
        }
        Request::Change { number, action, if_match } => {
            let answer = send_change(world, account, process, *number, action, *if_match).await;
            let ended = Ended::of(&answer)?;
            let (number, action, if_match) = (*number, action.clone(), *if_match);
            writes.changes.push(Change { number, action, if_match, ended });
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

async fn post(world: &World, account: usize, process: usize, patch: &Patch, key: Option<&String>) -> Answer {
    let headers = key.map(|key| ("idempotency-key", key.clone())).into_iter().collect();
    let call = Call { method: Method::POST, path: CUSTOMERS.into(), headers, body: patch.to_trades() };
    world.send(process, &world.accounts[account].secrets[0], &call).await
}

async fn send_change(
    world: &World,
    account: usize,
    process: usize,
    number: CustomerNumber,
    action: &Action,
    if_match: Option<u64>,
) -> Answer {
    let uuid = world.accounts[account].tenant.customer_uuid(number);
    let path = format!("{CUSTOMERS}/{uuid}");
    let (method, path, body) = match action {
        Action::Update(patch) => (Method::PUT, path, patch.to_trades()),
        Action::Delete => (Method::DELETE, path, Value::Null),
        Action::Restore => (Method::POST, format!("{path}/restore"), Value::Null),
    };
    let headers = if_match.map(|version| ("if-match", format!("\"{version}\""))).into_iter().collect();
    world.send(process, &world.accounts[account].secrets[0], &Call { method, path, headers, body }).await
}

async fn send_bulk(
    world: &World,
    account: usize,
    process: usize,
    numbers: &[CustomerNumber],
    patch: &Patch,
) -> Result<Vec<Change>, Violation> {
    let ids: Vec<String> = numbers.iter().map(|number| number.to_customer_id()).collect();
    let body = json!({"query": BULK, "variables": {"i": {"ids": ids, "update": patch.to_pool()}}});
    let call = Call { method: Method::POST, path: "/graphql".into(), headers: Vec::new(), body };
    let answer = world.send(process, &world.accounts[account].secrets[0], &call).await;
    let result = &answer.body["data"]["bulkUpdateCustomers"];
    let code = answer.body["errors"][0]["extensions"]["code"].as_str();
    if !matches!(answer.status, 200 | 502..=504) || (result.is_null() && code == Some("BAD_USER_INPUT")) {
        return Err(format!("a valid bulk update was answered with {answer:?}"));
    }
    let failed: Vec<&str> =
        result["errors"].as_array().into_iter().flatten().filter_map(|error| error["id"].as_str()).collect();
    let changes = numbers.iter().zip(&ids).map(|(number, id)| {
        let ended = match result.is_null() {
            true => Ended::Unknown,
            false if failed.contains(&id.as_str()) => Ended::Refused(404),
            false => Ended::Done(None),
        };
        Change { number: *number, action: Action::Update(patch.clone()), if_match: None, ended }
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
