//! `GET /cdc`: the objects that were changed or deleted since a moment, of the last 30 days.

use jiff::Timestamp;

use super::dispatch::Context;
use super::present::present;
use crate::clock::{format_time, parse_time};
use crate::company::{Company, DELETED_FOR};
use crate::entities::{Kind, Named};
use crate::fault::Fault;
use crate::object;
use crate::rules::fields::invalid;
use crate::switches::{Switch, Switches};
use crate::value::{Object, Value};

/// Most objects of a response, over all entities.
const MAX_OBJECTS: usize = 1000;
/// Entities that change data capture does not cover.
const UNSUPPORTED: [&str; 5] = ["JournalCode", "TaxAgency", "TimeActivity", "TaxCode", "TaxRate"];

/// Returns the changes of several entities.
///
/// # Errors
///
/// Returns a [`Fault`] if an entity is not covered, or the moment is not a time.
pub(super) fn run(context: &Context<'_>, entities: &str, since: &str) -> Result<Object, Fault> {
    let since = since_time(context, since)?;
    let names: Vec<&str> = entities.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Err(Fault::required("entities"));
    }
    let is_exclusive = context.switches.is(Switch::CdcBoundary, "exclusive");
    let is_included = |at: Timestamp| if is_exclusive { at > since } else { at >= since };
    let mut left = MAX_OBJECTS;
    let mut responses = Vec::with_capacity(names.len());
    for name in names {
        let named = Named::find(name).filter(|named| !UNSUPPORTED.contains(&named.name()));
        let named = named.ok_or_else(|| {
            Fault::validation("4001", "Invalid query", format!("Change data capture does not support {name}"))
        })?;
        let Named::Kept(kind) = named else {
            responses.push(Value::from(Object::new()));
            continue;
        };
        let changes = changes(context.company, kind, is_included, left);
        left -= changes.len();
        let changes: Vec<Value> =
            changes.into_iter().map(|change| change.show(context.switches, kind)).collect();
        let found = changes.len();
        responses.push(Value::from(if changes.is_empty() {
            Object::new()
        } else {
            object! { kind.name() => changes, "startPosition" => 1_u64, "maxResults" => found }
        }));
    }
    let response = object! { "QueryResponse" => responses };
    Ok(object! { "CDCResponse" => vec![Value::from(response)] })
}

fn since_time(context: &Context<'_>, since: &str) -> Result<Timestamp, Fault> {
    let since = parse_time(since).ok_or_else(|| invalid("changedSince", since, context.switches))?;
    let oldest = context.now.saturating_sub(DELETED_FOR).unwrap_or(Timestamp::MIN);
    if since < oldest && context.switches.is(Switch::CdcBeyondWindow, "error") {
        return Err(Fault::business("changedSince must lie within the last 30 days."));
    }
    // Objects have whole seconds, so that a fraction must not hide a change of its own second.
    Ok(Timestamp::from_second(since.max(oldest).as_second()).unwrap_or(since))
}

/// A changed or deleted object.
enum Change<'a> {
    Changed(&'a Object),
    Deleted(u64, Timestamp),
}

impl Change<'_> {
    fn show(&self, switches: &Switches, kind: Kind) -> Value {
        match self {
            Self::Changed(object) => present(switches, kind, object).into(),
            Self::Deleted(id, at) => object! {
                "status" => "Deleted",
                "domain" => "QBO",
                "Id" => id.to_string(),
                "MetaData" => object! { "LastUpdatedTime" => format_time(*at) },
            }
            .into(),
        }
    }
}

/// Returns the first `max` changed and deleted objects, the oldest change first.
fn changes(
    company: &Company,
    kind: Kind,
    is_included: impl Fn(Timestamp) -> bool,
    max: usize,
) -> Vec<Change<'_>> {
    let changed = company.list(kind).map(|(_, entity)| (entity.updated, Change::Changed(&entity.object)));
    let deleted = company.deleted(kind).map(|(id, at)| (at, Change::Deleted(id, at)));
    let mut all: Vec<(Timestamp, Change<'_>)> =
        changed.chain(deleted).filter(|(at, _)| is_included(*at)).collect();
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().take(max).map(|(_, change)| change).collect()
}
