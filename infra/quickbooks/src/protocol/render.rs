//! Renders responses as JSON or XML.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::call::Request;
use super::xml;
use crate::clock::format_time_millis;
use crate::fault::{Fault, Form};
use crate::object;
use crate::switches::{Switch, Switches};
use crate::value::Object;

/// Format of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are the names of the formats")]
pub enum Format {
    Json,
    Xml,
}

/// A response, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendered {
    /// HTTP status.
    pub status: u16,
    /// Header `Content-Type`.
    pub content_type: String,
    /// The body.
    pub body: String,
}

/// Returns the format that a client accepts.
#[must_use]
pub fn format(request: &Request, switches: &Switches) -> Format {
    let accept = request.accept.as_deref().unwrap_or_default().to_ascii_lowercase();
    let content_type = request.content_type.as_deref().unwrap_or_default().to_ascii_lowercase();
    let parameter = request.parameter("format").unwrap_or_default();
    let names_json = accept.contains("json") || parameter.eq_ignore_ascii_case("json");
    if names_json {
        Format::Json
    } else if accept.contains("xml") {
        Format::Xml
    } else if content_type.contains("json") || switches.is(Switch::FormatWithoutAccept, "json") {
        Format::Json
    } else {
        Format::Xml
    }
}

/// Renders the result of a request.
#[must_use]
pub fn render(result: Result<Object, &Fault>, format: Format, now: Timestamp) -> Rendered {
    let time = format_time_millis(now);
    match result {
        Ok(mut fields) => match format {
            Format::Json => {
                fields.set("time", time);
                json(200, &fields)
            }
            Format::Xml => xml_response(200, &fields, &time),
        },
        Err(fault) => match (fault.form, format) {
            (Form::Xml, _) | (Form::Api, Format::Xml) => {
                xml_response(fault.status, &object! { "Fault" => fault.to_object() }, &time)
            }
            (Form::Api, Format::Json) => {
                json(fault.status, &object! { "Fault" => fault.to_object(), "time" => time })
            }
            (Form::Gateway, Format::Json) => {
                let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
                json(fault.status, &fault.to_gateway_object(millis))
            }
            (Form::Gateway, Format::Xml) => {
                xml_response(fault.status, &object! { "Fault" => fault.to_object() }, &time)
            }
        },
    }
}

fn json(status: u16, fields: &Object) -> Rendered {
    Rendered { status, content_type: "application/json;charset=UTF-8".to_owned(), body: fields.to_string() }
}

fn xml_response(status: u16, fields: &Object, time: &str) -> Rendered {
    Rendered {
        status,
        content_type: "application/xml;charset=UTF-8".to_owned(),
        body: xml::write(fields, time),
    }
}
