//! Answers a single action: read, create, update, delete, void or query.

use jiff::Timestamp;

use super::call::Action;
use super::present::present;
use crate::company::{Company, Entity};
use crate::entities::{Family, Kind, Named};
use crate::fault::Fault;
use crate::object;
use crate::query;
use crate::rules::fields::parse_id;
use crate::rules::write::{Author, Writer};
use crate::switches::{Switch, Switches};
use crate::value::Object;

/// The state that an action works on.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) company: &'a mut Company,
    pub(super) switches: &'a Switches,
    pub(super) now: Timestamp,
    /// Whether a document number can be used again.
    pub(super) allow_duplicate_numbers: bool,
}

/// Runs an action and returns the fields of the response, without its time.
pub(super) fn run(context: &mut Context<'_>, action: &Action) -> Result<Object, Fault> {
    match action {
        Action::Read(named, id) => read(context, *named, id),
        Action::Write(named, body) => {
            let kind = writable(context, *named, "create")?;
            let entity = writer(context).write(kind, body)?;
            Ok(shown(context, kind, &entity))
        }
        Action::Delete(named, body) => {
            let kind = writable(context, *named, "delete")?;
            let id = writer(context).delete(kind, body)?;
            let deleted = object! { "status" => "Deleted", "domain" => "QBO", "Id" => id.to_string() };
            Ok(object! { kind.name() => deleted })
        }
        Action::Void(named, body) => {
            let kind = writable(context, *named, "void")?;
            let entity = writer(context).void(kind, body)?;
            Ok(shown(context, kind, &entity))
        }
        Action::Query(query) => {
            let query = query::parse(query)?;
            let show = |kind: Kind, object: &Object| present(context.switches, kind, object);
            let response = query::run(&query, context.company, context.switches, show)?;
            Ok(object! { "QueryResponse" => response })
        }
        Action::Batch(_) | Action::ChangedSince { .. } => Err(Fault::unsupported_operation("batch")),
    }
}

fn writer<'a>(context: &'a mut Context<'_>) -> Writer<'a> {
    Writer {
        company: context.company,
        switches: context.switches,
        now: context.now,
        author: Author::Client,
        allow_duplicate_numbers: context.allow_duplicate_numbers,
    }
}

/// Returns the entity if it can be written now.
fn writable(context: &Context<'_>, named: Named, operation: &str) -> Result<Kind, Fault> {
    if context.switches.is(Switch::CompanyStatus, "lapsed") {
        return Err(Fault::company_status());
    }
    match named {
        Named::Kept(kind) => Ok(kind),
        Named::Other(_) => Err(Fault::unsupported_operation(operation)),
    }
}

fn read(context: &Context<'_>, named: Named, id: &str) -> Result<Object, Fault> {
    let Named::Kept(kind) = named else { return Err(Fault::not_found()) };
    // Clients read the company by its realm.
    let id = if kind.family() == Family::Single { 1 } else { parse_id(id, context.switches)? };
    let entity = context.company.get(kind, id).ok_or_else(Fault::not_found)?;
    Ok(shown(context, kind, entity))
}

fn shown(context: &Context<'_>, kind: Kind, entity: &Entity) -> Object {
    object! { kind.name() => present(context.switches, kind, &entity.object) }
}
