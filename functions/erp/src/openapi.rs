//! This dialect's OpenAPI specification.

use clientele_functions_common::openapi::{ApiKeys, RequiredMembers, ResponseHeaders, TextRules, responses};
use utoipa::openapi::schema::{AnyOfBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{Content, Ref, Schema};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};

use crate::error::{ErrorBody, PROBLEM, Problem};

/// This dialect's OpenAPI specification.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Clientele: erp",
        description = "Customer records in the format of the erp API. Everything marked as an extension goes beyond the \
                       specification of that API."
    ),
    paths(
        crate::customer_list::handle,
        crate::customer_create::handle,
        crate::customer_get::handle,
        crate::customer_update::handle,
        crate::contact_create::handle,
        crate::contact_update::handle,
        crate::contact_delete::handle,
        crate::credit_check::handle,
        crate::order_list::handle,
        crate::analytics_get::handle,
    ),
    components(schemas(Problem)),
    modifiers(&ApiKeys, &Problems, &ResponseHeaders, &TextRules, &REQUIRED_MEMBERS),
    security(("bearer" = []), ("header" = [])),
    tags(
        (name = "customers", description = "Customers"),
        (name = "contacts", description = "Contact people"),
        (name = "orders", description = "Orders, and what they amount to")
    )
)]
pub struct ErpApi;

/// The members of new records that are required.
const REQUIRED_MEMBERS: RequiredMembers =
    RequiredMembers(&[("erp-customer-create", &["name"]), ("erp-contact-create", &["name"])]);

/// Adds to every error that a client can ask for a problem in its place.
struct Problems;

impl Modify for Problems {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        for (_, response) in responses(api).filter(|(status, _)| status.starts_with(['4', '5'])) {
            let problem = Content::new(Some(Ref::from_schema_name("Problem")));
            response.content.insert(PROBLEM.to_owned(), problem.into());
        }
    }
}

/// The errors that every operation can return.
#[derive(Debug, IntoResponses)]
pub enum CommonErrors {
    /// The body is not a JSON object
    #[response(status = 400)]
    Malformed(ErrorBody),
    /// The API key is missing, unknown or revoked
    #[response(status = 401)]
    Unauthorized(ErrorBody),
    /// The API key lacks the scope, or the monthly usage limit is exceeded
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// A field, parameter or header is wrong, or the customer would be larger than 48 KB
    #[response(status = 422)]
    Invalid(ErrorBody),
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

/// The fields of a customer that a client can set. Absent fields keep their value; `null` and `""` clear it. Unknown fields are
/// ignored.
#[derive(Debug, ToSchema)]
#[schema(as = CustomerInput)]
#[expect(dead_code, reason = "only describes what `input` reads; a test compares the two")]
pub struct CustomerInputSchema {
    /// The organisation's name, or that of a person. Required for a new customer; cannot be cleared.
    #[schema(example = "New Customer Corp", nullable = false, min_length = 1, max_length = 255)]
    name: Option<String>,
    /// Email address.
    #[schema(example = "orders@newcustomer.com", max_length = 255)]
    email: Option<String>,
    /// Phone number, stored as entered.
    #[schema(example = "+1-555-0999", max_length = 255)]
    phone: Option<String>,
    /// Fax number, stored as entered.
    #[schema(max_length = 255)]
    fax: Option<String>,
    /// Web address, stored as entered.
    #[schema(max_length = 255)]
    website: Option<String>,
    /// Tax number, stored as entered.
    #[schema(example = "12-9876543", max_length = 255)]
    tax_id: Option<String>,
    /// Where invoices are sent. Replaces the whole address.
    billing_address: Option<AddressInputSchema>,
    /// Where goods are delivered. Replaces the whole address.
    shipping_address: Option<AddressInputSchema>,
    /// Contact people, at most 50. Replaces all contacts: those with an id are changed, those without are added, and missing
    /// ones are removed.
    #[schema(max_items = 50)]
    contacts: Option<Vec<ListedContactInputSchema>>,
    /// `due_on_receipt`, `prepaid`, or `net_` and a number of days up to 180.
    #[schema(example = "net_30", pattern = "^(due_on_receipt|prepaid|net_([1-9][0-9]?|1[0-7][0-9]|180))?$")]
    payment_terms: Option<String>,
    /// ISO 4217 code.
    #[schema(example = "USD", pattern = "^([A-Za-z]{3})?$")]
    currency: Option<String>,
    /// How much the customer is allowed to owe: not negative, with at most two decimal places. Also accepted as a string.
    #[schema(example = 5_000.00, minimum = 0, exclusive_maximum = 1_000_000_000_000.0, multiple_of = 0.01)]
    credit_limit: Option<f64>,
    /// Discount on list prices, from 0 to 100 percent, with at most two decimal places. Also accepted as a string.
    #[schema(example = 2.5, minimum = 0, maximum = 100, multiple_of = 0.01)]
    discount_rate: Option<f64>,
    /// Preferred shipping method.
    #[schema(example = "FEDEX_GROUND", max_length = 255)]
    preferred_shipping: Option<String>,
    /// Whether the customer is active. A lead stays a lead until this becomes true.
    is_active: Option<bool>,
    /// Internal notes.
    #[schema(max_length = 20_000)]
    notes: Option<String>,
    #[schema(schema_with = customer_since)]
    customer_since: Option<String>,
}

fn customer_since() -> Schema {
    let text = |format| {
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(format)))
    };
    AnyOfBuilder::new()
        .description(Some(
            "When the customer became one: a date or a time. Only for a new customer; ignored in updates.",
        ))
        .examples(["2023-06-15"])
        .item(text(KnownFormat::Date))
        .item(text(KnownFormat::DateTime))
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .into()
}

/// An address that a client can set.
#[derive(Debug, ToSchema)]
#[schema(as = AddressInput)]
#[expect(dead_code, reason = "only describes what `input` reads")]
pub struct AddressInputSchema {
    /// Street and house number.
    #[schema(max_length = 255)]
    line1: Option<String>,
    /// Floor, suite or building.
    #[schema(max_length = 255)]
    line2: Option<String>,
    /// City.
    #[schema(max_length = 255)]
    city: Option<String>,
    /// State or province.
    #[schema(max_length = 255)]
    state: Option<String>,
    /// Postal code.
    #[schema(max_length = 255)]
    postal_code: Option<String>,
    /// ISO 3166 code of two letters.
    #[schema(example = "US", max_length = 255)]
    country: Option<String>,
}

/// The fields of a contact that a client can set. Absent fields keep their value; `null` and `""` clear it.
#[derive(Debug, ToSchema)]
#[schema(as = ContactInput)]
#[expect(dead_code, reason = "only describes what `contact` reads; a test compares the two")]
pub struct ContactInputSchema {
    /// Full name. Required for a new contact; cannot be cleared.
    #[schema(example = "Sarah Davis", nullable = false, min_length = 1, max_length = 255)]
    name: Option<String>,
    /// Position.
    #[schema(max_length = 255)]
    title: Option<String>,
    /// Email address.
    #[schema(max_length = 255)]
    email: Option<String>,
    /// Phone number, stored as entered.
    #[schema(max_length = 255)]
    phone: Option<String>,
    /// Whether this is the customer's primary contact, in place of another one.
    is_primary: Option<bool>,
}

/// A contact in the list of a customer.
#[derive(Debug, ToSchema)]
#[schema(as = ListedContactInput)]
#[expect(dead_code, reason = "only describes what `contact` reads; a test compares the two")]
pub struct ListedContactInputSchema {
    /// Id of one of the customer's contacts; absent for a new one.
    id: Option<String>,
    /// Full name. Required for a new contact; cannot be cleared.
    #[schema(example = "Bob Wilson", nullable = false, min_length = 1, max_length = 255)]
    name: Option<String>,
    /// Position.
    #[schema(max_length = 255)]
    title: Option<String>,
    /// Email address.
    #[schema(max_length = 255)]
    email: Option<String>,
    /// Phone number, stored as entered.
    #[schema(max_length = 255)]
    phone: Option<String>,
    /// Whether this is the customer's primary contact.
    is_primary: Option<bool>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clientele_functions_common::Request;
    use clientele_shared::model::{CustomerFields, Timestamp};
    use clientele_shared::{Error, Result};
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::contact::ContactInput;
    use crate::input::CustomerInput;

    /// The properties of an input in the specification.
    fn properties(schema: &str) -> BTreeSet<String> {
        let specification = serde_json::to_value(ErpApi::openapi()).unwrap();
        let properties = &specification["components"]["schemas"][schema]["properties"];
        properties.as_object().unwrap().keys().cloned().collect()
    }

    /// A request whose members all have a value of a type that no field accepts.
    fn invalid(names: &BTreeSet<String>) -> Request {
        let members: Map<String, Value> = names.iter().map(|name| (name.clone(), json!([[]]))).collect();
        let mut request = lambda_http::Request::default();
        *request.body_mut() = lambda_http::Body::from(Value::Object(members).to_string());
        Request::new(request)
    }

    /// The members that were refused, without what is wrong inside them.
    fn refused(result: Result<CustomerFields>) -> BTreeSet<String> {
        let Err(Error::Invalid(fields)) = result else { panic!("invalid values were accepted") };
        fields.iter().map(|error| error.field.split('[').next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn specification_describes_exactly_the_fields_read() {
        let now = Timestamp::from_millis(0);
        let customer = properties("CustomerInput");
        assert_eq!(refused(CustomerInput::read(&invalid(&customer)).unwrap().create(now)), customer);
        let contact = properties("ContactInput");
        let read = ContactInput::read(&invalid(&contact)).unwrap().add(CustomerFields::default(), now);
        assert_eq!(refused(read), contact);
        let mut listed = properties("ListedContactInput");
        assert!(listed.remove("id"));
        assert_eq!(listed, contact);
    }

    #[test]
    fn new_records_must_have_a_name() {
        let specification = serde_json::to_value(ErpApi::openapi()).unwrap();
        for path in ["/api/customers", "/api/customers/{id}/contacts"] {
            let body = &specification["paths"][path]["post"]["requestBody"]["content"]["application/json"];
            assert_eq!(body["schema"]["allOf"][0]["required"], json!(["name"]), "{path}");
        }
    }

    #[test]
    fn texts_are_described_with_their_rules() {
        let specification = serde_json::to_value(ErpApi::openapi()).unwrap();
        let properties = &specification["components"]["schemas"]["CustomerInput"]["properties"];
        let patterns: BTreeSet<&str> = ["name", "email", "phone", "notes"]
            .map(|name| properties[name]["pattern"].as_str().unwrap())
            .into();
        assert_eq!(patterns.len(), 4);
    }

    #[test]
    fn every_operation_describes_its_errors() {
        let specification = serde_json::to_value(ErpApi::openapi()).unwrap();
        for (path, item) in specification["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let responses = operation["responses"].as_object().unwrap();
                let mut expected = BTreeSet::from(["400", "401", "403", "422", "429", "500", "503"]);
                if path.contains("{id}") {
                    expected.insert("404");
                }
                // A credit check has neither a version nor a duplicate.
                let is_write = method != "get" && !path.ends_with("/credit-check");
                if is_write {
                    expected.insert("409");
                }
                if is_write && path.contains("{id}") {
                    expected.insert("412");
                }
                let errors = responses.iter().filter(|(status, _)| !status.starts_with('2'));
                let found: BTreeSet<&str> = errors.clone().map(|(status, _)| status.as_str()).collect();
                assert_eq!(found, expected, "{method} {path}");
                for (status, response) in errors {
                    let schema = &response["content"]["application/json"]["schema"];
                    assert_eq!(
                        *schema,
                        json!({"$ref": "#/components/schemas/ErrorBody"}),
                        "{method} {path} {status}"
                    );
                    let problem = &response["content"]["application/problem+json"]["schema"];
                    assert_eq!(
                        *problem,
                        json!({"$ref": "#/components/schemas/Problem"}),
                        "{method} {path} {status}"
                    );
                }
            }
        }
    }
}
