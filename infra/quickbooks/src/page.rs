//! The page for people: the company's customers, invoices and payments, the latest calls, and forms for
//! edits.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State as Extract};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use http::header;

use crate::StandIn;
use crate::company::Entity;
use crate::control::apply_edit;
use crate::entities::Kind;
use crate::object;
use crate::protocol::log::LoggedCall;
use crate::state::State;
use crate::value::{Object, Value, parse_decimal};

const NOT_A_NUMBER: &str = "The amount is not a number.";

/// Rows of each table.
const MAX_ROWS: usize = 50;

/// The fields of a form.
pub type Parameters = BTreeMap<String, String>;

const STYLE: &str = include_str!("page.css");

/// Escapes a text for HTML.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Returns an HTML document. `body` is HTML.
#[must_use]
pub fn document(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head>\
         <body><h1>{title}</h1>{body}</body></html>"
    )
}

/// Returns the name of the company.
#[must_use]
pub fn company_name(state: &State) -> String {
    let info = state.company.get(Kind::CompanyInfo, 1);
    info.and_then(|info| info.object.text("CompanyName")).unwrap_or("the company").to_owned()
}

/// Shows the page.
pub async fn show(
    Extract(stand_in): Extract<Arc<StandIn>>,
    Query(parameters): Query<Parameters>,
) -> Response {
    stand_in.respond(move |stand_in| shown(&stand_in.lock(), &parameters)).await
}

fn shown(state: &State, parameters: &Parameters) -> Response {
    let search = parameters.get("search").map(String::as_str).unwrap_or_default();
    let mut body = String::new();
    if let Some(message) = parameters.get("message") {
        body.push_str(&format!("<p class=\"message\">{}</p>", escape(message)));
    }
    body.push_str(&format!(
        "<p>A stand-in for QuickBooks Online. Company <code>{}</code>. Nothing here is sent to Intuit.</p>",
        escape(&state.app.realm_id)
    ));
    body.push_str(&credentials(state));
    let edited = parameters.get("edit").and_then(|id| id.parse().ok());
    if let Some((id, entity)) = edited.and_then(|id| Some((id, state.company.get(Kind::Customer, id)?))) {
        body.push_str(&customer_form(id, &entity.object));
    }
    body.push_str(&customers(state, search));
    body.push_str(MONEY_FORMS);
    body.push_str(&transactions(
        state,
        Kind::Invoice,
        "Invoices",
        &["DocNumber", "TxnDate", "TotalAmt", "Balance"],
    ));
    body.push_str(&transactions(state, Kind::Payment, "Payments", &["TxnDate", "TotalAmt", "UnappliedAmt"]));
    body.push_str(&calls(state));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";
    let headers = [(header::CONTENT_SECURITY_POLICY, policy), (header::CACHE_CONTROL, "no-store")];
    (headers, Html(document(&company_name(state), &body))).into_response()
}

/// The credentials of the ready line, folded away.
fn credentials(state: &State) -> String {
    let rows: String = [
        ("Client id", &state.app.client_id),
        ("Client secret", &state.app.client_secret),
        ("Access token", &state.ready.access_token),
        ("Refresh token", &state.ready.refresh_token),
        ("Webhook key", &state.app.verifier_token),
    ]
    .into_iter()
    .map(|(label, value)| format!("<tr><td>{label}</td><td><code>{}</code></td></tr>", escape(value)))
    .collect();
    format!("<details><summary>Credentials at the start</summary><table>{rows}</table></details>")
}

fn customers(state: &State, search: &str) -> String {
    let needle = search.to_lowercase();
    let is_match = |entity: &Entity| {
        let texts = ["DisplayName", "CompanyName"].map(|field| entity.object.text(field).unwrap_or_default());
        texts.iter().any(|text| text.to_lowercase().contains(&needle))
    };
    let found = state.company.list(Kind::Customer).rev().filter(|(_, entity)| is_match(entity));
    let mut rows = String::new();
    for (id, entity) in found.take(MAX_ROWS) {
        let object = &entity.object;
        let class = if object.flag("Active") == Some(false) { " class=\"inactive\"" } else { "" };
        rows.push_str(&format!(
            "<tr{class}><td><a href=\"/?edit={id}\">{id}</a></td><td>{}</td><td>{}</td><td>{}</td>\
             <td class=\"n\">{}</td><td>{}</td></tr>",
            escape(object.text("FullyQualifiedName").unwrap_or_default()),
            escape(part(object, "PrimaryEmailAddr", "Address")),
            escape(part(object, "PrimaryPhone", "FreeFormNumber")),
            object.decimal("Balance"),
            escape(object.text("SyncToken").unwrap_or_default()),
        ));
    }
    format!(
        "<h2>Customers ({})</h2><form method=\"get\" action=\"/\"><input name=\"search\" value=\"{}\" \
         placeholder=\"Name\"><button>Search</button></form><table><tr><th>Id</th><th>Name</th><th>Email</th>\
         <th>Phone</th><th class=\"n\">Balance</th><th>SyncToken</th></tr>{rows}</table>",
        state.company.count(Kind::Customer),
        escape(search),
    )
}

fn part<'a>(object: &'a Object, field: &str, part: &str) -> &'a str {
    object.get(field).and_then(Value::as_object).and_then(|object| object.text(part)).unwrap_or_default()
}

fn customer_form(id: u64, object: &Object) -> String {
    let field = |label: &str, name: &str, value: &str| {
        format!("<label>{label} <input name=\"{name}\" value=\"{}\"></label> ", escape(value))
    };
    let checked = if object.flag("Active") == Some(false) { "" } else { " checked" };
    format!(
        "<form method=\"post\" action=\"/stand-in/page/customer\"><fieldset>\
         <legend>Edit customer {id}</legend>\
         <input type=\"hidden\" name=\"Id\" value=\"{id}\">{}{}{}{}{}\
         <label><input type=\"checkbox\" name=\"Active\" value=\"true\"{checked}> Active</label> \
         <button>Save</button></fieldset></form>",
        field("Display name", "DisplayName", object.text("DisplayName").unwrap_or_default()),
        field("Company", "CompanyName", object.text("CompanyName").unwrap_or_default()),
        field("Email", "Email", part(object, "PrimaryEmailAddr", "Address")),
        field("Phone", "Phone", part(object, "PrimaryPhone", "FreeFormNumber")),
        field("Notes", "Notes", object.text("Notes").unwrap_or_default()),
    )
}

/// The forms that add an invoice and pay one.
const MONEY_FORMS: &str = include_str!("page_forms.html");

fn transactions(state: &State, kind: Kind, title: &str, fields: &[&str]) -> String {
    let mut rows = String::new();
    for (id, entity) in state.company.list(kind).rev().take(MAX_ROWS) {
        let customer = part(&entity.object, "CustomerRef", "name");
        let cells: String = fields
            .iter()
            .map(|field| {
                format!(
                    "<td>{}</td>",
                    escape(&entity.object.get(field).map(Value::to_text).unwrap_or_default())
                )
            })
            .collect();
        rows.push_str(&format!("<tr><td>{id}</td><td>{}</td>{cells}</tr>", escape(customer)));
    }
    let heads: String = fields.iter().map(|field| format!("<th>{field}</th>")).collect();
    format!(
        "<h2>{title} ({})</h2><table><tr><th>Id</th><th>Customer</th>{heads}</tr>{rows}</table>",
        state.company.count(kind)
    )
}

fn calls(state: &State) -> String {
    let row = |call: &LoggedCall| {
        format!(
            "<tr><td>{}</td><td>{}</td><td>{} <code>{}</code></td><td>{} {}</td><td>{}</td><td>{}</td></tr>",
            call.number,
            escape(&call.time),
            escape(&call.method),
            escape(&call.path),
            call.operation,
            escape(call.entity.as_deref().unwrap_or_default()),
            call.status,
            call.code.unwrap_or_default(),
        )
    };
    let rows: String = state.calls.after(0).rev().take(MAX_ROWS).map(row).collect();
    let mut html =
        String::from("<h2>Latest calls</h2><table><tr><th>Number</th><th>Time</th><th>Request</th>");
    // Writing to a string cannot fail.
    if write!(html, "<th>Operation</th><th>Status</th><th>Error</th></tr>{rows}</table>").is_err() {
        html.clear();
    }
    html
}

/// Parses the body of a form.
#[must_use]
pub fn form(body: &[u8]) -> Parameters {
    form_urlencoded::parse(body).into_owned().collect()
}

fn text_of(form: &Parameters, name: &str) -> String {
    form.get(name).map(|value| value.trim().to_owned()).unwrap_or_default()
}

/// Saves the form for a customer.
pub async fn edit_customer(Extract(stand_in): Extract<Arc<StandIn>>, body: Bytes) -> Response {
    let form = form(&body);
    let value = |name: &str| text_of(&form, name);
    let customer = object! {
        "Id" => value("Id"),
        "DisplayName" => value("DisplayName"),
        "CompanyName" => value("CompanyName"),
        "PrimaryEmailAddr" => blank_or("Address", value("Email")),
        "PrimaryPhone" => blank_or("FreeFormNumber", value("Phone")),
        "Notes" => value("Notes"),
        "Active" => form.contains_key("Active"),
    };
    stand_in.respond(move |stand_in| finish(stand_in, "Customer", "update", customer)).await
}

/// Returns an object with one text, or a blank value that clears the field.
fn blank_or(part: &str, text: String) -> Value {
    if text.is_empty() { Value::from("") } else { object! { part => text }.into() }
}

/// Adds an invoice with one line.
pub async fn add_invoice(Extract(stand_in): Extract<Arc<StandIn>>, body: Bytes) -> Response {
    let form = form(&body);
    let value = |name: &str| text_of(&form, name);
    let Some(amount) = parse_decimal(&value("amount")) else { return back(NOT_A_NUMBER) };
    let line = object! {
        "Amount" => amount,
        "Description" => value("description"),
        "DetailType" => "SalesItemLineDetail",
        "SalesItemLineDetail" => object! { "Qty" => 1_u64, "UnitPrice" => amount },
    };
    let invoice = object! {
        "CustomerRef" => object! { "value" => value("customer") },
        "Line" => vec![Value::from(line)],
    };
    stand_in.respond(move |stand_in| finish(stand_in, "Invoice", "create", invoice)).await
}

/// Adds a payment for an invoice.
pub async fn add_payment(Extract(stand_in): Extract<Arc<StandIn>>, body: Bytes) -> Response {
    let form = form(&body);
    let value = |name: &str| text_of(&form, name);
    let (invoice_id, amount) = (value("invoice"), value("amount"));
    stand_in.respond(move |stand_in| pay(stand_in, &invoice_id, &amount)).await
}

/// Pays an invoice: the whole balance if the amount is empty.
fn pay(stand_in: &StandIn, invoice_id: &str, amount: &str) -> Response {
    let invoice =
        invoice_id.parse().ok().and_then(|id| stand_in.lock().company.get(Kind::Invoice, id).cloned());
    let Some(invoice) = invoice else { return back("The invoice does not exist.") };
    let balance = invoice.object.decimal("Balance");
    let amount = if amount.is_empty() { Some(balance) } else { parse_decimal(amount) };
    let Some(amount) = amount else { return back(NOT_A_NUMBER) };
    let linked = object! { "TxnId" => invoice_id, "TxnType" => "Invoice" };
    let line = object! { "Amount" => amount, "LinkedTxn" => vec![Value::from(linked)] };
    let customer = invoice.object.get("CustomerRef").cloned().unwrap_or(Value::Null);
    let payment =
        object! { "CustomerRef" => customer, "TotalAmt" => amount, "Line" => vec![Value::from(line)] };
    finish(stand_in, "Payment", "create", payment)
}

fn finish(stand_in: &StandIn, entity: &str, operation: &str, object: Object) -> Response {
    let edit = object! { "entity" => entity, "operation" => operation, "object" => object };
    match apply_edit(stand_in, &edit) {
        Ok(saved) => back(&format!("Saved {entity} {}.", saved.text("Id").unwrap_or_default())),
        Err(fault) => back(&format!("{}: {}", fault.message, fault.detail)),
    }
}

/// Returns to the page and shows a message there.
fn back(message: &str) -> Response {
    let query: String =
        form_urlencoded::Serializer::new(String::new()).append_pair("message", message).finish();
    Redirect::to(&format!("/?{query}")).into_response()
}
