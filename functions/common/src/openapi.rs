//! The parts of an OpenAPI specification that the REST dialects share.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Object, OpenApi, RefOr, Response, Schema};
use utoipa::{IntoParams, Modify};

/// The longest text in a specification that is one line; a longer one can have line breaks and tabs.
const MAX_LINE: usize = clientele_shared::rules::text::MAX_LINE;

/// One line without control characters.
const LINE: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";
/// One line without control characters that is not blank.
const NAME: &str = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$";
/// Lines without control characters other than line breaks and tabs.
const LINES: &str = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$";
/// An email address, or an empty text, which clears it.
const EMAIL: &str = r"^([^\s@\x00-\x1f\x7f-\x9f]+@[^\s@\x00-\x1f\x7f-\x9f]+)?$";

/// The header that makes a write safe to retry.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only describes what `request` reads")]
pub struct IdempotencyKey {
    /// Extension: with this key, a retried request takes effect only once
    #[param(
        rename = "Idempotency-Key",
        nullable = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]([ -~]*[!-~])?$"
    )]
    idempotency_key: Option<String>,
}

/// The header that makes a write conditional.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only describes what `request` reads")]
pub struct IfMatch {
    /// Extension: the ETag of the customer's current version; `*` accepts any version
    #[param(rename = "If-Match", nullable = false, pattern = r#"^(\*|(W/)?"[ !#-~]*")$"#, example = "*")]
    if_match: Option<String>,
}

/// Adds the two headers that can carry an API key.
#[derive(Debug)]
pub struct ApiKeys;

impl Modify for ApiKeys {
    fn modify(&self, api: &mut OpenApi) {
        let components = api.components.get_or_insert_with(Default::default);
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        let header = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
        components.add_security_scheme("header", SecurityScheme::ApiKey(header));
    }
}

/// Adds the headers that every dialect sends with a status.
#[derive(Debug)]
pub struct ResponseHeaders;

/// A header, the statuses that have it (`None`: all), and its description.
const RESPONSE_HEADERS: [(&str, Option<&[&str]>, &str); 7] = [
    ("ETag", Some(&["412"]), "The customer's version"),
    ("Retry-After", Some(&["429", "503"]), "Seconds to wait before the next attempt"),
    ("WWW-Authenticate", Some(&["401"]), "`Bearer`"),
    ("X-Request-Id", None, "The request's id, which the logs contain"),
    ("X-Usage-Count", None, "Requests of the tenant in this month; absent if this request was not counted"),
    ("X-Usage-Limit", None, "Requests that the tenant can send in a month"),
    ("X-Usage-Resets", None, "When the next month starts"),
];

impl Modify for ResponseHeaders {
    fn modify(&self, api: &mut OpenApi) {
        for (status, response) in responses(api) {
            for (name, statuses, description) in RESPONSE_HEADERS {
                if statuses.is_none_or(|statuses| statuses.contains(&status.as_str())) {
                    let header = HeaderBuilder::new()
                        .schema(Some(Object::with_type(Type::String)))
                        .description(Some(description));
                    response.headers.insert(name.to_owned(), header.build().into());
                }
            }
        }
    }
}

/// Returns the responses of all operations, with their statuses.
pub fn responses(api: &mut OpenApi) -> impl Iterator<Item = (&String, &mut Response)> {
    let operations =
        api.paths.paths.values_mut().flat_map(|item| {
            [&mut item.get, &mut item.post, &mut item.put, &mut item.delete, &mut item.patch]
        });
    let responses = operations.flatten().flat_map(|operation| &mut operation.responses.responses);
    responses.filter_map(|(status, response)| match response {
        RefOr::T(response) => Some((status, response)),
        RefOr::Ref(_) => None,
    })
}

/// Adds the rules of [`text`](clientele_shared::rules::text) to every text of an input (`…Input`) that has a maximum length
/// and no pattern of its own.
#[derive(Debug)]
pub struct TextRules;

impl Modify for TextRules {
    fn modify(&self, api: &mut OpenApi) {
        let schemas = api.components.iter_mut().flat_map(|components| &mut components.schemas);
        for (_, schema) in schemas.filter(|(name, _)| name.ends_with("Input")) {
            let RefOr::T(Schema::Object(input)) = schema else { continue };
            for (name, property) in &mut input.properties {
                if let RefOr::T(Schema::Object(text)) = property {
                    add_rule(name, text);
                }
            }
        }
    }
}

fn add_rule(name: &str, text: &mut Object) {
    let Some(max_length) = text.max_length.filter(|_| text.pattern.is_none()) else { return };
    let rule = match name {
        "email" => EMAIL,
        _ if max_length > MAX_LINE => LINES,
        _ if text.min_length.is_some() => NAME,
        _ => LINE,
    };
    text.pattern = Some(rule.to_owned());
}

/// Makes members of an operation's body required texts, by the operation's id. Updates use the same schema and require none.
#[derive(Debug)]
pub struct RequiredMembers(pub &'static [(&'static str, &'static [&'static str])]);

impl Modify for RequiredMembers {
    fn modify(&self, api: &mut OpenApi) {
        let operations = api.paths.paths.values_mut().flat_map(|item| [&mut item.post, &mut item.put]);
        for operation in operations.flatten() {
            let id = operation.operation_id.as_deref();
            let Some((_, names)) = self.0.iter().find(|(own, _)| Some(*own) == id) else { continue };
            let Some(RefOr::T(body)) = &mut operation.request_body else { continue };
            let contents = body.content.values_mut().filter_map(|content| match content {
                RefOr::T(content) => content.schema.as_mut(),
                RefOr::Ref(_) => None,
            });
            for schema in contents {
                *schema = AllOfBuilder::new().item(required_texts(names)).item(schema.clone()).into();
            }
        }
    }
}

fn required_texts(names: &[&str]) -> Object {
    names.iter().fold(Object::new(), |mut object, name| {
        let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).pattern(Some(NAME));
        object.properties.insert((*name).to_owned(), text.into());
        object.required.push((*name).to_owned());
        object
    })
}
