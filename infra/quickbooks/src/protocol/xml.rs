//! Reads and writes the XML form of the API.
//!
//! JSON and XML differ in three ways: a list is a repeated element, a reference is an element with an
//! attribute `name`, and a few fields of an object are attributes.

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::object;
use crate::value::{MAX_FIELDS, Object, Value};

const NAMESPACE: &str = "http://schema.intuit.com/finance/v3";

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 32;

/// Fields that are attributes of their object's element.
const ATTRIBUTES: [&str; 11] = [
    "domain",
    "sparse",
    "status",
    "bId",
    "operation",
    "optionsData",
    "startPosition",
    "maxResults",
    "totalCount",
    "type",
    "code",
];

/// Elements that are lists, even if they occur once.
const LISTS: [&str; 8] = [
    "BatchItemRequest",
    "CustomField",
    "Line",
    "LinkedTxn",
    "NameValue",
    "OtherAddr",
    "OtherContactInfo",
    "TaxLine",
];

/// Writes the fields of a response.
pub(super) fn write(fields: &Object, time: &str) -> String {
    let mut out = String::from(r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#);
    out.push_str(&format!(r#"<IntuitResponse xmlns="{NAMESPACE}" time="{}">"#, escape(time)));
    write_children(fields, &mut out);
    out.push_str("</IntuitResponse>");
    out
}

fn write_children(object: &Object, out: &mut String) {
    for (name, value) in object.iter().filter(|(name, _)| !is_attribute(name)) {
        write_element(name, value, out);
    }
}

fn is_attribute(name: &str) -> bool {
    ATTRIBUTES.contains(&name) || name == "element"
}

fn write_element(name: &str, value: &Value, out: &mut String) {
    match value {
        Value::Null => {}
        Value::List(items) => items.iter().for_each(|item| write_element(name, item, out)),
        Value::Object(object) => {
            out.push_str(&format!("<{name}"));
            if let Some(id) = object.get("value").filter(|_| is_reference(object)) {
                if let Some(label) = object.text("name") {
                    out.push_str(&format!(r#" name="{}""#, escape(label)));
                }
                out.push_str(&format!(">{}</{name}>", escape(&id.to_text())));
                return;
            }
            for (attribute, value) in object.iter().filter(|(name, _)| is_attribute(name)) {
                out.push_str(&format!(r#" {attribute}="{}""#, escape(&value.to_text())));
            }
            out.push('>');
            write_children(object, out);
            out.push_str(&format!("</{name}>"));
        }
        other => out.push_str(&format!("<{name}>{}</{name}>", escape(&other.to_text()))),
    }
}

fn is_reference(object: &Object) -> bool {
    object.iter().all(|(name, _)| matches!(name, "value" | "name"))
}

/// Escapes a text, and drops the characters that XML cannot hold.
fn escape(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r')).collect();
    quick_xml::escape::escape(&clean).into_owned()
}

/// An element that is being read.
struct Open {
    name: String,
    attributes: Object,
    children: Object,
    text: String,
}

/// Reads the root element of a document.
///
/// # Errors
///
/// Returns the reason if the text is not well-formed XML with one root element.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Open> = Vec::new();
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(start) => {
                if open.len() >= MAX_DEPTH {
                    return Err(format!("more than {MAX_DEPTH} levels of nesting"));
                }
                open.push(started(&start)?);
            }
            Event::Empty(start) => {
                let element = started(&start)?;
                if let Some(root) = close(element, &mut open)? {
                    return Ok(root);
                }
            }
            Event::End(_) => {
                let Some(element) = open.pop() else { return Err("an element is closed twice".to_owned()) };
                if let Some(root) = close(element, &mut open)? {
                    return Ok(root);
                }
            }
            Event::Text(text) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text.decode().map_err(|e| e.to_string())?);
                }
            }
            Event::GeneralRef(reference) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&resolved(&reference)?);
                }
            }
            Event::CData(data) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&data.decode().map_err(|e| e.to_string())?);
                }
            }
            Event::DocType(_) => return Err("document types are not supported".to_owned()),
            Event::Eof => return Err("the document has no root element, or it is not closed".to_owned()),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
        }
    }
}

fn resolved(reference: &quick_xml::events::BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|e| e.to_string())? {
        return Ok(character.to_string());
    }
    let name = reference.decode().map_err(|e| e.to_string())?;
    let text = quick_xml::escape::resolve_predefined_entity(&name);
    text.map(str::to_owned).ok_or_else(|| format!("unknown entity {name}"))
}

fn started(start: &BytesStart<'_>) -> Result<Open, String> {
    let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
    let mut attributes = Object::new();
    // quick-xml's check for equal names compares each attribute with all others.
    for attribute in start.attributes().with_checks(false) {
        if attributes.len() >= MAX_FIELDS {
            return Err(too_many_fields());
        }
        let attribute = attribute.map_err(|e| e.to_string())?;
        let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
        if key == "xmlns" || key.contains(':') {
            continue;
        }
        let raw = String::from_utf8_lossy(&attribute.value).into_owned();
        let value = quick_xml::escape::unescape(&raw).map_err(|e| e.to_string())?;
        attributes.set(&key, value.into_owned());
    }
    Ok(Open { name, attributes, children: Object::new(), text: String::new() })
}

fn too_many_fields() -> String {
    format!("more than {MAX_FIELDS} fields in an element")
}

/// Adds an element to its parent. Returns its value if it is the root.
///
/// # Errors
///
/// Returns the reason if the parent has too many fields.
fn close(element: Open, open: &mut [Open]) -> Result<Option<Value>, String> {
    let Open { name, attributes, mut children, text } = element;
    let is_leaf = children.is_empty();
    let text = text.trim();
    let value = if is_leaf && (name.ends_with("Ref") || attributes.get("name").is_some()) {
        let mut reference = object! { "value" => text };
        if let Some(label) = attributes.get("name") {
            reference.set("name", label.clone());
        }
        reference.into()
    } else if is_leaf && attributes.is_empty() {
        text.into()
    } else {
        for (name, value) in attributes.iter() {
            children.set(name, value.clone());
        }
        children.into()
    };
    let Some(parent) = open.last_mut() else { return Ok(Some(value)) };
    let is_full = parent.children.len() >= MAX_FIELDS;
    match parent.children.get_mut(&name) {
        Some(Value::List(items)) => items.push(value),
        None if is_full => return Err(too_many_fields()),
        Some(first) => *first = Value::List(vec![first.clone(), value]),
        None if LISTS.contains(&name.as_str()) => parent.children.set(&name, vec![value]),
        None => parent.children.set(&name, value),
    }
    Ok(None)
}
