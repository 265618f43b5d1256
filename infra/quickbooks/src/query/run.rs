//! Runs a query.

use std::sync::Arc;

use super::parser::{Direction, Query, Selection};
use super::test::{Column, Key, Test};
use crate::company::{Company, Entity};
use crate::entities::{Kind, Named};
use crate::fault::Fault;
use crate::object;
use crate::switches::{Switch, Switches};
use crate::value::{Object, Value};

/// Results of a query that names no maximum.
const DEFAULT_RESULTS: usize = 100;
/// Most results of a query.
const MAX_RESULTS: usize = 1000;

/// Returns the `QueryResponse` of a query. `present` turns an object into the form that clients see.
///
/// # Errors
///
/// Returns a [`Fault`] with code 4001 if the query names a field that cannot be queried, or an invalid value.
pub fn run(
    query: &Query,
    company: &Company,
    switches: &Switches,
    present: impl Fn(Kind, &Object) -> Object,
) -> Result<Object, Fault> {
    let max = max_results(query, switches)?;
    let Named::Kept(kind) = query.entity else {
        let is_count = query.selection == Selection::Count;
        return Ok(if is_count {
            object! { "totalCount" => 0_u64 }
        } else {
            Object::new()
        });
    };
    let fold = !switches.is(Switch::QueryText, "case_sensitive");
    let tests = query
        .conditions
        .iter()
        .map(|condition| Test::new(kind, condition, fold))
        .collect::<Result<Vec<_>, _>>()?;
    // Objects that are not active are hidden, unless the query says which it wants.
    let hides_inactive = kind.has_active() && !tests.iter().any(Test::is_on_active);
    let columns = columns(kind, query)?;
    let is_match = |entity: &Entity| {
        (!hides_inactive || entity.is_active) && tests.iter().all(|test| test.holds(entity))
    };
    let matches = company.list(kind).map(|(_, entity)| entity).filter(|entity| is_match(entity));
    if query.selection == Selection::Count {
        return Ok(object! { "totalCount" => matches.count() });
    }
    let skipped = query.start - 1;
    let page: Vec<&Arc<Entity>> = if query.order.is_empty() {
        matches.skip(skipped).take(max).collect()
    } else {
        sorted(kind, query, matches, skipped.saturating_add(max), fold)?.into_iter().skip(skipped).collect()
    };
    let found = page.len();
    if found == 0 {
        return Ok(Object::new());
    }
    let show = |entity: &Arc<Entity>| Value::from(project(present(kind, &entity.object), columns.as_deref()));
    let objects: Vec<Value> = page.into_iter().map(show).collect();
    Ok(object! { kind.name() => objects, "startPosition" => query.start, "maxResults" => found })
}

fn max_results(query: &Query, switches: &Switches) -> Result<usize, Fault> {
    let max = query.max.unwrap_or(DEFAULT_RESULTS);
    if max > MAX_RESULTS && switches.is(Switch::QueryMaxResults, "refuse") {
        let detail = format!("value {max} is too large. Max allowed value is {MAX_RESULTS}.");
        return Err(Fault::query_invalid(&detail));
    }
    Ok(max.min(MAX_RESULTS))
}

/// Returns the names of the fields to return, or `None` for all.
fn columns(kind: Kind, query: &Query) -> Result<Option<Vec<&'static str>>, Fault> {
    let Selection::Columns(columns) = &query.selection else { return Ok(None) };
    let find = |column: &String| {
        let name = column.split_once('.').map_or(column.as_str(), |(first, _)| first);
        let all = crate::entities::fields::COMMON.iter().chain(kind.fields());
        let field = all.map(|field| field.name).find(|field| field.eq_ignore_ascii_case(name));
        field.ok_or_else(|| Fault::query_invalid(&format!("property '{column}' does not exist for {kind}")))
    };
    columns.iter().map(find).collect::<Result<_, _>>().map(Some)
}

fn project(object: Object, columns: Option<&[&str]>) -> Object {
    let Some(columns) = columns else { return object };
    let always = ["domain", "Id"];
    let mut projected: Object = object
        .iter()
        .filter(|(name, _)| columns.contains(name) || always.contains(name))
        .map(|(name, value)| (name, value.clone()))
        .collect();
    projected.set("sparse", true);
    projected
}

/// Returns the first `count` objects in the order of the query. Equal ones stay in order of their ids.
fn sorted<'a>(
    kind: Kind,
    query: &Query,
    matches: impl Iterator<Item = &'a Arc<Entity>>,
    count: usize,
    fold: bool,
) -> Result<Vec<&'a Arc<Entity>>, Fault> {
    let columns = query.order.iter().map(|(name, direction)| Ok((Column::find(kind, name)?, *direction)));
    let columns: Vec<(Column, Direction)> = columns.collect::<Result<_, Fault>>()?;
    let Some(((first, _), others)) = columns.split_first() else { return Ok(matches.take(count).collect()) };
    let mut keyed: Vec<Keyed<'a>> = matches
        .enumerate()
        .map(|(at, entity)| Keyed {
            first: first.key(entity, fold),
            others: others.iter().map(|(column, _)| column.key(entity, fold)).collect(),
            at,
            entity,
        })
        .collect();
    let compare = |a: &Keyed<'_>, b: &Keyed<'_>| {
        let keys = std::iter::once((&a.first, &b.first)).chain(a.others.iter().zip(&b.others));
        let mut orders = keys.zip(&columns).map(|((a, b), (_, direction))| match direction {
            Direction::Ascending => a.cmp(b),
            Direction::Descending => b.cmp(a),
        });
        orders.find(|order| order.is_ne()).unwrap_or_else(|| a.at.cmp(&b.at))
    };
    // Only the objects up to the end of the page have to be in order.
    if count < keyed.len() {
        keyed.select_nth_unstable_by(count, compare);
        keyed.truncate(count);
    }
    keyed.sort_unstable_by(compare);
    Ok(keyed.into_iter().map(|keyed| keyed.entity).collect())
}

/// An object with its sort keys. Nearly all queries sort by one field, which needs no allocation.
struct Keyed<'a> {
    first: Option<Key>,
    others: Vec<Option<Key>>,
    at: usize,
    entity: &'a Arc<Entity>,
}
