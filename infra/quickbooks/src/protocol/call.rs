//! Finds out what a request of the API wants.

use std::borrow::Cow;

use super::xml;
use crate::entities::{Kind, Named};
use crate::fault::Fault;
use crate::value::{Object, Value};

/// A request of the API, received completely.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// HTTP method.
    pub method: String,
    /// Path without the query string.
    pub path: String,
    /// Parameters of the query string, decoded.
    pub parameters: Vec<(String, String)>,
    /// Header `Authorization`.
    pub authorization: Option<String>,
    /// Header `Accept`.
    pub accept: Option<String>,
    /// Header `Content-Type`.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// Returns a parameter of the query string. Names are compared without case.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// The purpose of a request, as the log of calls and the match of a fault name it.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// `create`, `update`, `delete`, `void`, `read`, `query`, `batch`, `cdc` or `unknown`.
    pub operation: &'static str,
    /// Name of the entity, if the request names one.
    pub entity: Option<String>,
    /// Operation and entity of each item of a batch.
    pub items: Vec<(&'static str, Option<String>)>,
    /// Number of metered reads that the call counts as: each query of a batch is one.
    pub metered: u64,
}

/// An action of the API.
#[derive(Debug)]
pub enum Action {
    /// Read an object.
    Read(Named, String),
    /// Create an object, or update it if it has an `Id`.
    Write(Named, Object),
    /// Delete a transaction.
    Delete(Named, Object),
    /// Void a transaction.
    Void(Named, Object),
    /// Run a query.
    Query(String),
    /// Run a batch.
    Batch(Object),
    /// Return changed objects.
    ChangedSince {
        /// Names of the entities.
        entities: String,
        /// The moment.
        since: String,
    },
}

impl Action {
    /// Returns the operation and the entity, as the log of calls and the match of a fault name them.
    #[must_use]
    pub fn purpose(&self) -> (&'static str, Option<String>) {
        let name = |named: &Named| Some(named.name().to_owned());
        match self {
            Self::Read(named, _) => ("read", name(named)),
            Self::Write(named, body) if body.get("Id").is_some_and(|id| !id.is_blank()) => {
                ("update", name(named))
            }
            Self::Write(named, _) => ("create", name(named)),
            Self::Delete(named, _) => ("delete", name(named)),
            Self::Void(named, _) => ("void", name(named)),
            Self::Query(query) => {
                ("query", crate::query::parse(query).ok().and_then(|query| name(&query.entity)))
            }
            Self::Batch(_) => ("batch", None),
            Self::ChangedSince { .. } => ("cdc", None),
        }
    }
}

/// Returns the realm in a path `/v3/company/{realm}/…`, and the rest of the path.
#[must_use]
pub fn realm(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("/v3/company/")?.split_once('/')
}

/// Finds out what a request wants. The call is complete as far as the request could be understood.
pub fn classify(request: &Request) -> (Call, Result<Action, Fault>) {
    let mut call = Call { operation: "unknown", ..Call::default() };
    let action = action(request, &mut call);
    if let Ok(action) = &action {
        describe(action, &mut call);
    }
    (call, action)
}

fn action(request: &Request, call: &mut Call) -> Result<Action, Fault> {
    let rest = realm(&request.path).map_or("", |(_, rest)| rest.trim_end_matches('/'));
    let parts: Vec<&str> = rest.split('/').collect();
    let required =
        |name: &str| request.parameter(name).map(str::to_owned).ok_or_else(|| Fault::required(name));
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["query"]) => Ok(Action::Query(required("query")?)),
        ("POST", ["query"]) => {
            call.operation = "query";
            Ok(Action::Query(utf8(request)?.trim().to_owned()))
        }
        ("GET", ["cdc"]) => {
            call.operation = "cdc";
            Ok(Action::ChangedSince { entities: required("entities")?, since: required("changedSince")? })
        }
        ("POST", ["batch"]) => {
            call.operation = "batch";
            body(request, None).map(Action::Batch)
        }
        ("GET", [name, id]) => Ok(Action::Read(named(name)?, (*id).to_owned())),
        ("GET", ["preferences" | "Preferences"]) => {
            Ok(Action::Read(Named::Kept(Kind::Preferences), "1".to_owned()))
        }
        ("POST", [name]) => {
            let named = named(name)?;
            call.entity = Some(named.name().to_owned());
            write_action(request, named, body(request, Some(named))?)
        }
        _ => Err(Fault::unsupported_operation(rest)),
    }
}

fn named(name: &str) -> Result<Named, Fault> {
    Named::find(name).ok_or_else(|| Fault::unsupported_operation(name))
}

fn write_action(request: &Request, named: Named, body: Object) -> Result<Action, Fault> {
    let operation = request.parameter("operation").unwrap_or_default().to_ascii_lowercase();
    let is_void = request.parameter("include").is_some_and(|include| include.eq_ignore_ascii_case("void"));
    match operation.as_str() {
        "delete" => Ok(Action::Delete(named, body)),
        "void" => Ok(Action::Void(named, body)),
        "" | "update" | "create" if is_void => Ok(Action::Void(named, body)),
        "" | "update" | "create" => Ok(Action::Write(named, body)),
        other => Err(Fault::unsupported_operation(other)),
    }
}

/// Names the purpose of an action, and those of its items.
fn describe(action: &Action, call: &mut Call) {
    (call.operation, call.entity) = action.purpose();
    if let Action::Batch(body) = action {
        call.items = super::batch::describe(body);
    }
    call.metered = match call.operation {
        "read" | "query" | "cdc" => 1,
        _ => call.items.iter().map(|(operation, _)| u64::from(*operation == "query")).sum(),
    };
}

fn utf8(request: &Request) -> Result<Cow<'_, str>, Fault> {
    match std::str::from_utf8(&request.body) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) => {
            Err(Fault::malformed_body("MalformedByteSequenceException: invalid byte in a UTF-8 sequence"))
        }
    }
}

/// Reads the body as JSON or XML. `named` is the entity that the path names.
fn body(request: &Request, named: Option<Named>) -> Result<Object, Fault> {
    let text = utf8(request)?;
    let content_type = request.content_type.as_deref().unwrap_or_default().to_ascii_lowercase();
    let is_xml = content_type.contains("xml")
        || (content_type.starts_with("text/") && text.trim_start().starts_with('<'));
    let is_json = content_type.is_empty() || content_type.contains("json") || content_type.contains("text");
    if !is_xml && !is_json {
        let detail = format!("The content type {content_type} is not supported.");
        return Err(Fault::validation("1050", "Invalid Content Type", detail));
    }
    let value = if is_xml {
        xml::read(&text).map_err(|reason| Fault::malformed_body(&reason))?
    } else {
        Value::parse(&text).map_err(|reason| Fault::malformed_body(&reason.to_string()))?
    };
    let Value::Object(object) = value else { return Err(Fault::malformed_body("an object is required")) };
    // Some clients wrap the object in its entity's name, as responses do.
    let wrapped = named.and_then(|named| object.get(named.name())).and_then(Value::as_object);
    Ok(wrapped.cloned().unwrap_or(object))
}
