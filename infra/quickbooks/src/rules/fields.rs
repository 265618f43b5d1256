//! Checks the fields of a request one by one, and brings them into the form that is stored.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::entities::fields::{ADDRESS_PARTS, MAX_PHONE, MAX_URI};
use crate::entities::{Access, Field, FieldKind, Kind};
use crate::fault::Fault;
use crate::object;
use crate::rules::write::Author;
use crate::switches::{Setting, Switch, Switches};
use crate::value::{Object, Value};

/// Characters that a part of a name cannot have: the colon separates the levels of a customer's full name.
const FORBIDDEN_IN_NAMES: [char; 4] = [':', '\t', '\n', '\r'];
/// Fields of lines and tax details that hold numbers.
pub const NUMBERS: [&str; 13] = [
    "Amount",
    "DiscountAmt",
    "DiscountPercent",
    "DiscountRate",
    "LineNum",
    "NetAmountTaxable",
    "Qty",
    "RatePercent",
    "TaxInclusiveAmt",
    "TaxPercent",
    "TotalTax",
    "UnitPrice",
    "Quantity",
];
/// Longest tax identifier.
const MAX_TAX_IDENTIFIER: usize = 20;

/// The body of a create or an update, checked.
#[derive(Debug, Default)]
pub struct Input {
    /// Id of the object to update.
    pub id: Option<u64>,
    /// Version of the object that the client has read.
    pub sync_token: Option<String>,
    /// Whether fields that are absent stay as they are.
    pub sparse: bool,
    /// Fields with values.
    pub fields: Object,
    /// Fields that a sparse update clears.
    pub cleared: Vec<&'static str>,
}

/// Checks the fields of a request.
///
/// # Errors
///
/// Returns the [`Fault`] of the first field that is not valid.
pub fn check(kind: Kind, body: &Object, switches: &Switches, author: Author) -> Result<Input, Fault> {
    check_names(body)?;
    let mut input = Input { sparse: body.flag("sparse").unwrap_or_default(), ..Input::default() };
    if let Some(id) = body.get("Id").filter(|id| !id.is_blank()) {
        input.id = Some(parse_id(&id.to_text(), switches)?);
    }
    if let Some(token) = body.get("SyncToken").filter(|token| !token.is_blank()) {
        input.sync_token = Some(token.to_text());
    }
    for (name, value) in body.iter() {
        let Some(field) = kind.field(name) else {
            if switches.is(Switch::UnsupportedProperty, "reject") {
                return Err(Fault::unsupported_property(name));
            }
            continue;
        };
        let is_ignored = field.access == Access::System
            || (field.access == Access::Create && input.id.is_some())
            || (kind == Kind::Customer && name == "Source" && switches.is(Switch::CustomerSource, "ignored"));
        if is_ignored {
            continue;
        }
        match check_field(field, value, switches)? {
            Some(value) => input.fields.set(name, value),
            // A person clears a field by emptying it.
            None if author == Author::Person || clears(value, switches) => input.cleared.push(field.name),
            None => {}
        }
    }
    Ok(input)
}

/// Refuses names, also of inner objects, that the XML form of the API cannot hold.
fn check_names(object: &Object) -> Result<(), Fault> {
    object.iter().try_for_each(|(name, value)| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || !name.chars().all(is_plain) {
            return Err(Fault::unsupported_property(name));
        }
        check_names_within(value)
    })
}

fn check_names_within(value: &Value) -> Result<(), Fault> {
    match value {
        Value::Object(object) => check_names(object),
        value => value.items().iter().try_for_each(check_names_within),
    }
}

/// Parses an object's id.
///
/// # Errors
///
/// Returns the fault for invalid numbers if the text is not a positive whole number.
pub fn parse_id(text: &str, switches: &Switches) -> Result<u64, Fault> {
    let id = text.parse().ok().filter(|id| *id > 0);
    id.ok_or_else(|| invalid("Id", text, switches))
}

/// Returns whether a blank value clears the field in a sparse update.
fn clears(value: &Value, switches: &Switches) -> bool {
    let is_null = matches!(value, Value::Null);
    match switches.get(Switch::SparseClear) {
        Setting::Word("empty_or_null") => true,
        Setting::Word("empty") => !is_null,
        Setting::Word("null") => is_null,
        _ => false,
    }
}

/// Returns the value to store, or `None` if the value is blank.
fn check_field(field: &Field, value: &Value, switches: &Switches) -> Result<Option<Value>, Fault> {
    if value.is_blank() {
        return Ok(None);
    }
    let name = field.name;
    let wrong = || invalid(name, &value.to_text(), switches);
    Ok(Some(match field.kind {
        FieldKind::Text(max) => check_text(name, value, max, switches)?,
        FieldKind::Name(max) => {
            let max = if name == "DisplayName" { limit(Switch::DisplayNameMax, switches) } else { max };
            check_name(name, value, max, switches)?
        }
        FieldKind::TaxIdentifier => check_text(name, value, MAX_TAX_IDENTIFIER, switches)?,
        FieldKind::Flag => value.as_bool().ok_or_else(wrong)?.into(),
        FieldKind::Amount => value.as_decimal().ok_or_else(wrong)?.into(),
        FieldKind::Whole => value.as_decimal().filter(Decimal::is_integer).ok_or_else(wrong)?.into(),
        FieldKind::Date => parse_date(&value.to_text()).ok_or_else(wrong)?.to_string().into(),
        FieldKind::Reference(_) => return check_reference(value.as_object().ok_or_else(wrong)?),
        FieldKind::Choice(choices) => {
            let word = value.as_str().ok_or_else(wrong)?;
            let choice = choices.iter().find(|choice| **choice == word);
            Value::from(*choice.ok_or_else(|| Fault::invalid_choice(name, word))?)
        }
        FieldKind::Email => {
            let max = limit(Switch::EmailMax, switches);
            return check_part(name, "Address", value, max, switches)?
                .map(|email| check_email(name, email))
                .transpose();
        }
        FieldKind::Phone => return check_part(name, "FreeFormNumber", value, MAX_PHONE, switches),
        FieldKind::Web => return check_part(name, "URI", value, MAX_URI, switches),
        FieldKind::Address => return check_address(name, value.as_object().ok_or_else(wrong)?, switches),
        FieldKind::List => Value::List(match value {
            Value::List(items) => items.iter().map(with_numbers).collect(),
            _ => return Err(wrong()),
        }),
        FieldKind::Object => with_numbers(&value.as_object().ok_or_else(wrong)?.clone().into()),
    }))
}

/// Returns the fault for an invalid id, number, date or truth value.
pub(crate) fn invalid(name: &str, supplied: &str, switches: &Switches) -> Fault {
    let code = if switches.is(Switch::InvalidNumberCode, "2020") { "2020" } else { "2030" };
    Fault::invalid_value(code, name, supplied)
}

fn limit(switch: Switch, switches: &Switches) -> usize {
    usize::try_from(switches.number(switch)).unwrap_or(usize::MAX)
}

fn check_text(name: &str, value: &Value, max: usize, switches: &Switches) -> Result<Value, Fault> {
    if matches!(value, Value::List(_) | Value::Object(_)) {
        return Err(Fault::unsupported_property(name));
    }
    let text = value.to_text();
    let length = text.chars().count();
    if length > max {
        return Err(Fault::length(name, max, length));
    }
    let is_latin = switches.is(Switch::CharacterSet, "iso_8859_1");
    if text.chars().any(|c| is_forbidden_control(c) || (is_latin && u32::from(c) > 0xff)) {
        return Err(Fault::illegal_characters(name, &text));
    }
    Ok(text.into())
}

/// Control characters that XML, the format of the service behind the API, cannot hold.
fn is_forbidden_control(c: char) -> bool {
    c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r')
}

fn check_name(name: &str, value: &Value, max: usize, switches: &Switches) -> Result<Value, Fault> {
    let text = check_text(name, value, max, switches)?;
    if text.as_str().is_some_and(|text| text.contains(FORBIDDEN_IN_NAMES)) {
        return Err(Fault::illegal_characters(name, &text.to_text()));
    }
    Ok(text)
}

/// Checks an object that holds one text, such as `{"FreeFormNumber": …}`.
fn check_part(
    name: &str,
    part: &str,
    value: &Value,
    max: usize,
    switches: &Switches,
) -> Result<Option<Value>, Fault> {
    let Some(object) = value.as_object() else { return Err(Fault::unsupported_property(name)) };
    let Some(text) = object.get(part).filter(|text| !text.is_blank()) else { return Ok(None) };
    let text = check_text(&format!("{name}.{part}"), text, max, switches)?;
    Ok(Some(object! { part => text }.into()))
}

fn check_email(name: &str, email: Value) -> Result<Value, Fault> {
    let address = email.as_object().and_then(|email| email.text("Address")).unwrap_or_default();
    if address.contains('@') && address.contains('.') {
        return Ok(email);
    }
    let detail = "The email address does not conform to the syntax rules of RFC 822.";
    Err(Fault::validation("2210", "Invalid Email Address format in the request", detail).at(name))
}

fn check_reference(reference: &Object) -> Result<Option<Value>, Fault> {
    let Some(id) = reference.get("value").filter(|id| !id.is_blank()) else { return Ok(None) };
    let mut checked = object! { "value" => id.to_text() };
    if let Some(name) = reference.get("name").filter(|name| !name.is_blank()) {
        checked.set("name", name.to_text());
    }
    Ok(Some(checked.into()))
}

/// Checks the parts of an address. Parts that are not known are stored unchanged; blank ones are dropped.
fn check_address(name: &str, address: &Object, switches: &Switches) -> Result<Option<Value>, Fault> {
    let mut checked = Object::new();
    for (part, value) in
        address.iter().filter(|(part, value)| !value.is_blank() && !matches!(*part, "Lat" | "Long"))
    {
        let max = ADDRESS_PARTS.iter().find(|(known, _)| *known == part).map(|(_, max)| *max);
        match max {
            Some(max) => checked.set(part, check_text(&format!("{name}.{part}"), value, max, switches)?),
            None => checked.set(part, value.clone()),
        }
    }
    let has_parts = checked.iter().any(|(part, _)| part != "Id");
    Ok(has_parts.then(|| checked.into()))
}

/// Returns a value in which the numbers that a client wrote as texts are numbers, as Decimal's users do in
/// Python.
fn with_numbers(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.iter().map(with_numbers).collect()),
        Value::Object(object) => {
            let number = |name: &str, value: &Value| value.as_decimal().filter(|_| NUMBERS.contains(&name));
            let field = |name: &str, value: &Value| {
                number(name, value).map_or_else(|| with_numbers(value), Value::from)
            };
            Value::Object(object.iter().map(|(name, value)| (name, field(name, value))).collect())
        }
        other => other.clone(),
    }
}

/// Parses a date, also one that is followed by a time.
#[must_use]
pub fn parse_date(text: &str) -> Option<Date> {
    text.get(..10).and_then(|date| date.parse().ok())
}
