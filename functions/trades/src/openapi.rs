//! This dialect's OpenAPI specification.

use clientele_functions_common::openapi::{ApiKeys, RequiredMembers, ResponseHeaders, TextRules};
use utoipa::{IntoResponses, OpenApi, ToSchema};

use crate::error::ErrorBody;

/// This dialect's OpenAPI specification.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Clientele: trades",
        description = "Customer records in the format of the trades API. Everything marked as an extension goes \
                       beyond the specification of that API."
    ),
    paths(
        crate::customer_list::handle,
        crate::customer_create::handle,
        crate::customer_get::handle,
        crate::customer_update::handle,
        crate::customer_delete::handle,
        crate::customer_restore::handle,
    ),
    modifiers(&ApiKeys, &ResponseHeaders, &TextRules, &REQUIRED_MEMBERS),
    security(("bearer" = []), ("header" = [])),
    tags((name = "customers", description = "Customers"))
)]
pub struct TradesApi;

/// The members of a new customer that are required.
const REQUIRED_MEMBERS: RequiredMembers =
    RequiredMembers(&[("trades-customer-create", &["first_name", "last_name"])]);

/// The errors that every operation can return.
#[derive(Debug, IntoResponses)]
pub enum CommonErrors {
    /// A field, parameter or header is wrong, or the customer would be larger than 48 KB
    #[response(status = 400)]
    Invalid(ErrorBody),
    /// The API key is missing, unknown or revoked
    #[response(status = 401)]
    Unauthorized(ErrorBody),
    /// The API key lacks the scope, or the monthly usage limit is exceeded
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// Too many requests; Retry-After has the number of seconds to wait
    #[response(status = 429)]
    Throttled(ErrorBody),
    /// Internal error
    #[response(status = 500)]
    Internal(ErrorBody),
    /// The service is temporarily unavailable; Retry-After has the number of seconds to wait
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// The Idempotency-Key was used for a different request, or `unique-email` is on and the email is taken
#[derive(Debug, IntoResponses)]
#[response(status = 409)]
pub struct Conflict(pub ErrorBody);

/// The customer is no longer at the version in If-Match; ETag has the current version
#[derive(Debug, IntoResponses)]
#[response(status = 412)]
pub struct PreconditionFailed(pub ErrorBody);

/// The fields of a customer that a client can set. Absent fields keep their value; `null` and `""` clear it.
/// Unknown fields are ignored.
#[derive(Debug, ToSchema)]
#[schema(as = CustomerInput)]
#[expect(dead_code, reason = "only describes what `input` reads; a test compares the two")]
pub struct CustomerInputSchema {
    /// The customer's first name. Required for a new customer; cannot be cleared.
    #[schema(example = "John", nullable = false, max_length = 255)]
    first_name: Option<String>,
    /// The customer's last name. Required for a new customer; cannot be cleared.
    #[schema(example = "Doe", nullable = false, max_length = 255)]
    last_name: Option<String>,
    /// Company name.
    #[schema(max_length = 255)]
    company_name: Option<String>,
    /// Email address.
    #[schema(example = "john@example.com", max_length = 255)]
    email: Option<String>,
    /// Phone number: ten digits with any punctuation, with or without +1.
    #[schema(example = "206-555-1234")]
    phone: Option<String>,
    /// `Residential` (the default) or `Commercial`. Case is ignored.
    #[schema(example = "Residential", pattern = "^(Residential|Commercial)$")]
    customer_type: Option<String>,
    /// Whether the customer is marked as VIP: `true` or `false`, also accepted as a string.
    #[schema(example = false)]
    is_vip: Option<bool>,
    /// Physical address, first line.
    #[schema(example = "123 Main St", max_length = 255)]
    physical_address1: Option<String>,
    /// Physical address, second line.
    #[schema(max_length = 255)]
    physical_address2: Option<String>,
    /// Physical city.
    #[schema(example = "Seattle", max_length = 255)]
    physical_city: Option<String>,
    /// Physical state.
    #[schema(example = "WA", max_length = 255)]
    physical_state: Option<String>,
    /// Physical ZIP code.
    #[schema(example = "98101", max_length = 255)]
    physical_zip: Option<String>,
    /// Billing address, first line.
    #[schema(max_length = 255)]
    billing_address1: Option<String>,
    /// Billing address, second line.
    #[schema(max_length = 255)]
    billing_address2: Option<String>,
    /// Billing city.
    #[schema(max_length = 255)]
    billing_city: Option<String>,
    /// Billing state.
    #[schema(max_length = 255)]
    billing_state: Option<String>,
    /// Billing ZIP code.
    #[schema(max_length = 255)]
    billing_zip: Option<String>,
    /// UUID of the main service location.
    #[schema(pattern = "^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})?$")]
    primary_service_location_uuid: Option<String>,
    /// Internal notes.
    #[schema(max_length = 20_000)]
    notes: Option<String>,
    /// Internal flags: any JSON object, also accepted as a string that contains one.
    #[schema(value_type = Option<Object>)]
    internal_flags: Option<String>,
    /// How to send the customer on-my-way notifications: `email`, `sms` or `both`.
    #[schema(example = "sms", pattern = "^(email|sms|both)?$")]
    on_my_way_notify_via: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::{Map, Value, json};

    use super::*;
    use crate::input::CustomerInput;

    /// The statuses of [`CommonErrors`].
    const COMMON: [&str; 6] = ["400", "401", "403", "429", "500", "503"];

    fn specification() -> Value {
        serde_json::to_value(TradesApi::openapi()).unwrap()
    }

    /// Returns the operations of the specification by method and path.
    fn operations() -> BTreeMap<(String, String), Value> {
        let mut all = BTreeMap::new();
        for (path, item) in specification()["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                all.insert((method.clone(), path.clone()), operation.clone());
            }
        }
        all
    }

    /// Returns the statuses that an operation can have besides [`COMMON`].
    fn specific_statuses(method: &str, path: &str) -> BTreeSet<&'static str> {
        let has_uuid = path.contains("{uuid}");
        let mut statuses = match (method, path) {
            ("post", "/api/v1/customers") => BTreeSet::from(["200", "201"]),
            _ => BTreeSet::from(["200"]),
        };
        if has_uuid {
            statuses.insert("404");
        }
        match (method, has_uuid) {
            ("get", true) => statuses.extend(["304"]),
            ("get", false) => {}
            (_, true) => statuses.extend(["409", "412"]),
            (_, false) => statuses.extend(["409"]),
        }
        statuses
    }

    /// A value of a type that no field accepts makes `input` report every field that it reads.
    #[test]
    fn specification_describes_exactly_the_fields_read() {
        let specification = specification();
        let properties =
            specification["components"]["schemas"]["CustomerInput"]["properties"].as_object().unwrap();
        let invalid: Map<String, Value> = properties.keys().map(|name| (name.clone(), json!([[]]))).collect();
        let Err(clientele_shared::Error::Invalid(fields)) =
            CustomerInput::new(invalid, Some("[[]]".into())).create()
        else {
            panic!("invalid values were accepted")
        };
        let mut reported: Vec<&str> = fields.iter().map(|f| f.field.as_str()).collect();
        let mut described: Vec<&str> = properties.keys().map(String::as_str).collect();
        reported.sort_unstable();
        described.sort_unstable();
        assert_eq!(reported, described);
    }

    #[test]
    fn specification_names_every_function() {
        let operations = operations();
        let described: BTreeSet<&str> =
            operations.values().map(|operation| operation["operationId"].as_str().unwrap()).collect();
        let names: BTreeSet<&str> = crate::ENDPOINTS.iter().map(|endpoint| endpoint.name).collect();
        assert_eq!(described, names);
    }

    #[test]
    fn operations_list_every_status_they_can_return() {
        for ((method, path), operation) in operations() {
            let responses = operation["responses"].as_object().unwrap();
            let described: BTreeSet<&str> = responses.keys().map(String::as_str).collect();
            let mut expected = specific_statuses(&method, &path);
            expected.extend(COMMON);
            assert_eq!(
                described, expected,
                "left: the specification of {method} {path}, right: its statuses"
            );
        }
    }

    #[test]
    fn error_responses_have_the_error_body() {
        for ((method, path), operation) in operations() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let schema = &response["content"]["application/json"]["schema"];
                let is_error = status.starts_with(['4', '5']);
                let expected = json!({"$ref": "#/components/schemas/ErrorBody"});
                assert_eq!(*schema == expected, is_error, "{method} {path} {status}: {schema}");
            }
        }
    }

    #[test]
    fn writes_accept_the_headers_behind_their_conflicts() {
        for ((method, path), operation) in operations() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let names: BTreeSet<&str> =
                parameters.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
            let statuses = specific_statuses(&method, &path);
            for (header, status) in
                [("Idempotency-Key", "409"), ("If-Match", "412"), ("If-None-Match", "304")]
            {
                assert_eq!(names.contains(header), statuses.contains(status), "{method} {path}: {header}");
            }
        }
    }
}
