//! The OpenAPI document of this dialect.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};
use uuid::Uuid;

/// This dialect's OpenAPI document.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Clientele: trades",
        description = "Customer records, as the trades API spells them. Members marked as extension are not in \
                       that API's document."
    ),
    paths(
        crate::customer_list::handle,
        crate::customer_create::handle,
        crate::customer_get::handle,
        crate::customer_update::handle,
        crate::customer_delete::handle,
        crate::customer_restore::handle,
    ),
    modifiers(&Security),
    security(("bearer" = []), ("header" = [])),
    tags((name = "customers", description = "Customers"))
)]
pub struct TradesApi;

/// The two headers that carry a key.
struct Security;

impl Modify for Security {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_with(Default::default);
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        let header = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
        components.add_security_scheme("header", SecurityScheme::ApiKey(header));
    }
}

/// What a client can set of a customer. Absent members keep their value, `null` and `""` clear it; unknown
/// members are ignored.
#[derive(Debug, ToSchema)]
#[schema(as = CustomerInput)]
#[expect(dead_code, reason = "describes what `input` reads member by member; a test holds the two together")]
pub struct CustomerMembers {
    /// Required for a new customer, and never empty.
    #[schema(example = "John", max_length = 255)]
    first_name: Option<String>,
    /// Required for a new customer, and never empty.
    #[schema(example = "Doe", max_length = 255)]
    last_name: Option<String>,
    /// Company name.
    #[schema(max_length = 255)]
    company_name: Option<String>,
    /// Email address.
    #[schema(example = "john@example.com", max_length = 255)]
    email: Option<String>,
    /// Ten digits in any punctuation, with or without +1.
    #[schema(example = "206-555-1234")]
    phone: Option<String>,
    /// `Residential` (the default) or `Commercial`, in any case.
    #[schema(example = "Residential")]
    customer_type: Option<String>,
    /// `true` or `false`, also as a string.
    #[schema(example = false)]
    is_vip: Option<bool>,
    /// Physical address, first line.
    #[schema(example = "123 Main St")]
    physical_address1: Option<String>,
    /// Physical address, second line.
    physical_address2: Option<String>,
    /// Physical city.
    #[schema(example = "Seattle")]
    physical_city: Option<String>,
    /// Physical state.
    #[schema(example = "WA")]
    physical_state: Option<String>,
    /// Physical ZIP code.
    #[schema(example = "98101")]
    physical_zip: Option<String>,
    /// Billing address, first line.
    billing_address1: Option<String>,
    /// Billing address, second line.
    billing_address2: Option<String>,
    /// Billing city.
    billing_city: Option<String>,
    /// Billing state.
    billing_state: Option<String>,
    /// Billing ZIP code.
    billing_zip: Option<String>,
    /// The main service location.
    primary_service_location_uuid: Option<Uuid>,
    /// Internal notes.
    #[schema(max_length = 20_000)]
    notes: Option<String>,
    /// A JSON object, also as its text.
    #[schema(value_type = Option<Object>)]
    internal_flags: Option<String>,
    /// `email`, `sms` or `both`.
    #[schema(example = "sms")]
    on_my_way_notify_via: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::input::CustomerInput;

    /// A member is read when a value of a type that none takes is refused by its name.
    #[test]
    fn the_members_described_are_the_members_read() {
        let document: Value = serde_json::to_value(TradesApi::openapi()).unwrap();
        let properties =
            document["components"]["schemas"]["CustomerInput"]["properties"].as_object().unwrap();
        let wrong: serde_json::Map<String, Value> =
            properties.keys().map(|name| (name.clone(), json!([[]]))).collect();
        let Err(clientele_shared::Error::Invalid(fields)) = CustomerInput::read(&wrong).create() else {
            panic!("nonsense was taken")
        };
        let mut refused: Vec<&str> = fields.iter().map(|f| f.field.as_str()).collect();
        let mut described: Vec<&str> = properties.keys().map(String::as_str).collect();
        refused.sort_unstable();
        described.sort_unstable();
        assert_eq!(refused, described);
    }

    #[test]
    fn the_document_names_every_function() {
        let document: Value = serde_json::to_value(TradesApi::openapi()).unwrap();
        let paths = document["paths"].as_object().unwrap().values();
        let mut operations: Vec<String> = paths
            .flat_map(|path| path.as_object().unwrap().values())
            .map(|operation| operation["operationId"].as_str().unwrap().to_owned())
            .collect();
        operations.sort();
        let mut names: Vec<&str> = crate::ENDPOINTS.iter().map(|endpoint| endpoint.name).collect();
        names.sort_unstable();
        assert_eq!(operations, names);
    }
}
