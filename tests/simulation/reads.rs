//! Moves that read: a get, a page of a walk, a jump to a page, and a read with another tenant's id.

use http::Method;
use serde_json::{Value, json};

use super::model::Violation;
use super::rng::Rng;
use super::walk::{List, Walk};
use super::world::{Call, KEYS, World};

/// After this many steps, a walk that has not ended is given up.
const MAX_STEPS: usize = 60;

/// Makes one read.
pub(crate) async fn read(
    world: &mut World,
    account: usize,
    rng: &mut Rng,
    (step, caught_up_at): (usize, usize),
) -> Result<(), Violation> {
    match rng.below(10) {
        0 | 1 => get(world, account, rng).await,
        2 => jump(world, account, rng).await,
        3 => trespass(world, account, rng).await,
        _ => walk(world, account, rng, (step, caught_up_at)).await,
    }
}

fn call(path: String) -> Call {
    Call { method: Method::GET, path, headers: Vec::new(), body: Value::Null }
}

async fn get(world: &World, account: usize, rng: &mut Rng) -> Result<(), Violation> {
    let owner = &world.accounts[account];
    let known: Vec<_> = owner.model.customers.values().collect();
    if known.is_empty() {
        return Ok(());
    }
    let customer = &rng.pick(&known).customer;
    let include_deleted = rng.percent(50);
    let path = format!("/api/v1/customers/{}?include_deleted={include_deleted}", customer.uuid);
    let answer = world.send(rng.below(3), rng.pick::<String>(&owner.secrets).as_str(), &call(path)).await;
    let is_shown = include_deleted || customer.deleted_at.is_none();
    let is_right = match answer.status {
        200 => {
            let data = &answer.body["data"];
            is_shown
                && answer.version == Some(customer.version)
                && data["last_name"] == json!(customer.fields.last_name)
                && data["updated_at"] == customer.updated_at.to_rfc3339_seconds()
        }
        404 => !is_shown,
        429 | 502..=504 => true,
        _ => false,
    };
    if is_right { Ok(()) } else { Err(format!("a get returned {answer:?} instead of {customer:?}")) }
}

/// Jumps to a page of the list of all customers, which is exact unless the key's last page of the list leads there.
async fn jump(world: &mut World, account: usize, rng: &mut Rng) -> Result<(), Violation> {
    let owner = &mut world.accounts[account];
    let all = owner.model.select(|customer| customer.deleted_at.is_none());
    let limit = 2 + rng.below(3);
    let page = 1 + rng.below(all.len() / limit + 1);
    let expected: Vec<String> =
        all.iter().skip((page - 1) * limit).take(limit).map(|customer| customer.uuid.to_string()).collect();
    let total = all.len() as u64;
    let last_pages = owner.jumps.entry(limit).or_default();
    let is_exact = page == 1 || !last_pages.iter().any(|last| page == *last || page == last + 1);
    last_pages.insert(page);
    let path = format!("/api/v1/customers?limit={limit}&page={page}");
    let answer = world.send(rng.below(3), &world.accounts[account].secrets[KEYS], &call(path)).await;
    if answer.status != 200 {
        let is_fault = matches!(answer.status, 429 | 502..=504);
        return if is_fault { Ok(()) } else { Err(format!("a jump was answered with {answer:?}")) };
    }
    if page > 1 {
        world.accounts[account].jumps.insert(limit, [page].into());
    }
    if answer.body["data"]["pagination"]["total"] != total {
        return Err(format!("the total is not {total}: {answer:?}"));
    }
    let rows = answer.body["data"]["customers"].as_array().into_iter().flatten();
    let shown: Vec<&str> = rows.filter_map(|row| row["uuid"].as_str()).collect();
    // A page that the budget cut short has a next one.
    let is_cut =
        shown.len() < expected.len() && answer.next.is_some() && expected.starts_with(&to_owned(&shown));
    if is_exact && shown != expected && !is_cut {
        return Err(format!("page {page} of {limit} shows {shown:?} instead of {expected:?}"));
    }
    Ok(())
}

fn to_owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Uses the id of another tenant's customer.
async fn trespass(world: &World, account: usize, rng: &mut Rng) -> Result<(), Violation> {
    let (own, other) = (&world.accounts[account], &world.accounts[1 - account]);
    let known: Vec<_> = other.model.customers.values().collect();
    if known.is_empty() {
        return Ok(());
    }
    let uuid = rng.pick(&known).customer.uuid;
    let (method, body) = match rng.below(3) {
        0 => (Method::PUT, json!({ "first_name": "Mallory" })),
        1 => (Method::DELETE, Value::Null),
        _ => (Method::GET, Value::Null),
    };
    let call = Call { method, body, ..call(format!("/api/v1/customers/{uuid}?include_deleted=true")) };
    let answer = world.send(rng.below(3), &own.secrets[0], &call).await;
    match answer.status {
        404 | 429 | 502..=504 => Ok(()),
        _ => Err(format!("{call:?} reached another tenant's customer: {answer:?}")),
    }
}

/// Reads the next page of a walk, or the first one of a new walk.
async fn walk(
    world: &mut World,
    account: usize,
    rng: &mut Rng,
    (step, caught_up_at): (usize, usize),
) -> Result<(), Violation> {
    let key = rng.below(KEYS);
    let owner = &mut world.accounts[account];
    let mut walk = match owner.walks[key].take() {
        Some(walk) if walk.started_at + MAX_STEPS > step => walk,
        _ => Walk::start(List::draw(owner, rng), &owner.model, caught_up_at, step),
    };
    let secret = owner.secrets[key].clone();
    for _ in 0..=rng.below(4) {
        let answer = world.send(rng.below(3), &secret, &walk.call()).await;
        if walk.read(&answer, &world.accounts[account].model)? {
            return Ok(());
        }
    }
    world.accounts[account].walks[key] = Some(walk);
    Ok(())
}
