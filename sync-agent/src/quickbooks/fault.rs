//! The errors of the API, in each of the forms in which they arrive.

use std::fmt;

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use serde_json::{Map, Value};

/// Most characters that are kept of an error's text.
const MAX_TEXT: usize = 2000;

/// An error of the API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fault {
    /// HTTP status. It is 200 for an item of a batch.
    pub status: u16,
    /// Number of the error without leading zeros, such as `6240`, or empty if the response has none.
    pub code: String,
    /// Short text of the error.
    pub message: String,
    /// Text with particulars, which can contain data of the company.
    pub detail: String,
    /// Identifier of the request, for Intuit's support.
    pub tid: Option<String>,
}

/// The reactions that an error allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// There were too many requests; wait.
    Throttled,
    /// The access token has ended or is not valid; refresh it.
    TokenExpired,
    /// The person who connected the company has lost access to it; connect again.
    AccessLost,
    /// The token does not belong to this company, or belongs to another environment.
    WrongCompany,
    /// The object has changed since it was read; read it again.
    Stale,
    /// Another customer, vendor or employee has the name.
    NameTaken,
    /// The object does not exist, or is inactive.
    NotFound,
    /// The subscription of the company has ended.
    SubscriptionLapsed,
    /// The app has used up its metered calls of the month.
    MonthlyReads,
    /// The service fails for the moment; try again.
    Transient,
    /// The request is not acceptable; repeating it cannot help.
    Invalid,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if !self.code.is_empty() {
            write!(f, ", error {}", self.code)?;
        }
        let text = if self.detail.is_empty() { &self.message } else { &self.detail };
        if !text.is_empty() {
            write!(f, ": {text}")?;
        }
        self.tid.iter().try_for_each(|tid| write!(f, " (intuit_tid {tid})"))
    }
}

impl Fault {
    /// Returns the reaction that the error allows.
    #[must_use]
    pub fn kind(&self) -> FaultKind {
        match (self.status, self.code.as_str()) {
            (403, "3001") => FaultKind::MonthlyReads,
            (429, _) | (_, "3001") => FaultKind::Throttled,
            (_, "120" | "3201") => FaultKind::AccessLost,
            (401, _) | (_, "3200") => FaultKind::TokenExpired,
            (_, "3100") => FaultKind::WrongCompany,
            (_, "5010") => FaultKind::Stale,
            (_, "6240") => FaultKind::NameTaken,
            (_, "610") => FaultKind::NotFound,
            (_, "6190") => FaultKind::SubscriptionLapsed,
            (408 | 500.., _) | (_, "10000") => FaultKind::Transient,
            _ => FaultKind::Invalid,
        }
    }

    /// Returns the error in a body of JSON or XML, or `None` if the body contains none.
    pub(super) fn find(status: u16, body: &[u8]) -> Option<Self> {
        match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(object)) => Self::in_object(status, &object),
            Ok(_) => None,
            Err(_) => in_xml(body).map(|texts| texts.fault(status)),
        }
    }

    /// Returns the error in an object: a whole response, or an item of a batch.
    pub(super) fn in_object(status: u16, object: &Map<String, Value>) -> Option<Self> {
        let member = |object: &Map<String, Value>, names: [&str; 2]| {
            names.iter().find_map(|name| object.get(*name)).cloned()
        };
        let fault = member(object, ["Fault", "fault"]).filter(|fault| !fault.is_null())?;
        let errors = fault.as_object().and_then(|fault| member(fault, ["Error", "error"]));
        let first = match errors {
            Some(Value::Array(errors)) => errors.into_iter().next(),
            other => other,
        };
        let error = first.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        let text = |names| member(&error, names).map(|value| plain(&value)).unwrap_or_default();
        let texts = Texts {
            code: text(["code", "Code"]),
            message: text(["Message", "message"]),
            detail: text(["Detail", "detail"]),
        };
        Some(texts.fault(status))
    }

    /// Returns the error of a status whose body says nothing.
    pub(super) fn of_status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }
}

/// The texts of an error as they were sent.
#[derive(Debug, Default)]
struct Texts {
    code: String,
    message: String,
    detail: String,
}

impl Texts {
    fn fault(self, status: u16) -> Fault {
        // The gateway repeats the code in its message: `message=…; errorCode=003200; statusCode=401`.
        let in_message = || {
            let (_, rest) = self.message.split_once("errorCode=")?;
            Some(rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default().to_owned())
        };
        let code = if self.code.is_empty() { in_message().unwrap_or_default() } else { self.code.clone() };
        let is_number = code.bytes().all(|byte| byte.is_ascii_digit());
        let code = if is_number { code.trim_start_matches('0') } else { &code };
        Fault {
            status,
            code: shortened(code),
            message: shortened(&self.message),
            detail: shortened(&self.detail),
            tid: None,
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn shortened(text: &str) -> String {
    text.trim().chars().take(MAX_TEXT).collect()
}

/// Returns the texts of the first element `Error`, whatever its namespace is.
fn in_xml(body: &[u8]) -> Option<Texts> {
    let mut reader = Reader::from_reader(body);
    let (mut error, mut field): (Option<Texts>, Option<Vec<u8>>) = (None, None);
    loop {
        // XML that cannot be read any further ends here, too.
        let event = reader.read_event().unwrap_or(Event::Eof);
        match event {
            Event::Start(start) if error.is_none() => error = error_start(&start),
            Event::Empty(start) if error.is_none() => {
                if let Some(texts) = error_start(&start) {
                    return Some(texts);
                }
            }
            Event::Start(start) => field = Some(start.local_name().as_ref().to_vec()),
            Event::End(end) if end.local_name().as_ref() == b"Error" && error.is_some() => return error,
            Event::End(_) => field = None,
            Event::Text(text) => append(&mut error, field.as_deref(), &String::from_utf8_lossy(&text)),
            Event::CData(text) => append(&mut error, field.as_deref(), &String::from_utf8_lossy(&text)),
            Event::GeneralRef(reference) => {
                let name = String::from_utf8_lossy(&reference).into_owned();
                let named = quick_xml::escape::resolve_predefined_entity(&name).map(str::to_owned);
                let character = reference.resolve_char_ref().ok().flatten().map(String::from);
                append(&mut error, field.as_deref(), &character.or(named).unwrap_or_default());
            }
            Event::Eof => return error,
            _ => {}
        }
    }
}

fn error_start(start: &BytesStart<'_>) -> Option<Texts> {
    if start.local_name().as_ref() != b"Error" {
        return None;
    }
    let mut attributes = start.attributes();
    let code = attributes.with_checks(false).flatten().find(|attribute| attribute.key.as_ref() == b"code");
    let code = code.map(|code| String::from_utf8_lossy(&code.value).into_owned());
    Some(Texts { code: code.unwrap_or_default(), ..Texts::default() })
}

fn append(error: &mut Option<Texts>, field: Option<&[u8]>, text: &str) {
    let Some(error) = error else { return };
    match field {
        Some(b"Message") => error.message.push_str(text),
        Some(b"Detail") => error.detail.push_str(text),
        _ => {}
    }
}

#[cfg(test)]
#[path = "fault_tests.rs"]
mod tests;
