//! `POST /batch`: up to 30 actions in one request, each with its own result.

use std::collections::HashSet;

use super::call::Action;
use super::dispatch::{self, Context};
use crate::entities::Named;
use crate::fault::Fault;
use crate::object;
use crate::switches::Switch;
use crate::value::{Object, Value};

/// Longest `bId` of a batch with a `requestid`.
const MAX_ITEM_ID: usize = 10;

/// Returns operation and entity of each item.
pub(super) fn describe(body: &Object) -> Vec<(&'static str, Option<String>)> {
    let items = body.list("BatchItemRequest").iter().filter_map(Value::as_object);
    items.map(|item| action(item).map_or(("unknown", None), |action| action.purpose())).collect()
}

/// Runs a batch. Each item succeeds or fails for itself.
///
/// # Errors
///
/// Returns a [`Fault`] for the whole batch if it has too many items, or an item has no valid `bId`.
pub(super) fn run(context: &mut Context<'_>, body: &Object, has_request_id: bool) -> Result<Object, Fault> {
    let items = body.get("BatchItemRequest").ok_or_else(|| Fault::required("BatchItemRequest"))?.items();
    let max = context.switches.number(Switch::BatchMaxItems);
    if u64::try_from(items.len()).unwrap_or(u64::MAX) > max {
        return Err(Fault::batch_size(max));
    }
    let mut numbered: Vec<(String, &Object)> = Vec::with_capacity(items.len());
    for item in items {
        let item = item.as_object().ok_or_else(|| Fault::required("BatchItemRequest"))?;
        let id = item.get("bId").map(Value::to_text).unwrap_or_default();
        if has_request_id && id.chars().count() > MAX_ITEM_ID {
            return Err(Fault::length("bId", MAX_ITEM_ID, id.chars().count()));
        }
        numbered.push((id, item));
    }
    if context.switches.is(Switch::BatchOrder, "reversed") {
        numbered.reverse();
    }
    let mut written = HashSet::new();
    let mut responses = Vec::with_capacity(numbered.len());
    for (id, item) in numbered {
        let mut response = run_item(context, item, &mut written)
            .unwrap_or_else(|fault| object! { "Fault" => fault.to_object() });
        response.set("bId", id);
        responses.push(Value::from(response));
    }
    Ok(object! { "BatchItemResponse" => responses })
}

fn run_item(
    context: &mut Context<'_>,
    item: &Object,
    written: &mut HashSet<(&'static str, String)>,
) -> Result<Object, Fault> {
    let action = action(item)?;
    if let Action::Write(named, body) | Action::Delete(named, body) | Action::Void(named, body) = &action
        && let Some(id) = body.get("Id").filter(|id| !id.is_blank())
    {
        let is_first = written.insert((named.name(), id.to_text()));
        if !is_first && context.switches.is(Switch::BatchSameEntity, "first_only") {
            return Err(Fault::stale());
        }
    }
    dispatch::run(context, &action)
}

/// Finds out what an item wants.
fn action(item: &Object) -> Result<Action, Fault> {
    if let Some(query) = item.get("Query") {
        return Ok(Action::Query(query.to_text()));
    }
    let entity = item.iter().find_map(|(name, value)| Some((Named::find(name)?, value.as_object()?)));
    let (named, body) = entity.ok_or_else(|| Fault::required("BatchItemRequest.IntuitObject"))?;
    let is_void = item.text("optionsData").is_some_and(|options| options.eq_ignore_ascii_case("void"));
    let operation = item.text("operation").unwrap_or_default().to_ascii_lowercase();
    let body = body.clone();
    match operation.as_str() {
        "update" | "void" if is_void || operation == "void" => Ok(Action::Void(named, body)),
        "" if is_void => Ok(Action::Void(named, body)),
        "create" | "update" => Ok(Action::Write(named, body)),
        "delete" => Ok(Action::Delete(named, body)),
        "" => Err(Fault::required("BatchItemRequest.operation")),
        other => Err(Fault::unsupported_operation(other)),
    }
}
