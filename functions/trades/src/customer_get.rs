//! `GET /api/v1/customers/{uuid}`: returns one customer.

use futures::FutureExt;
use http::{StatusCode, header};
use uuid::Uuid;

use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply, Request};
use clientele_shared::model::Scope;
use clientele_shared::{Error, Result};

use crate::error::{ErrorBody, Trades};
use crate::openapi::CommonErrors;
use crate::types::{CustomerBody, Success, customer_reply, etag};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "trades-customer-get",
    scopes: &[Scope::Read],
    dialect: &Trades,
    handle: |call| handle(call).boxed(),
};

/// Returns one customer.
#[utoipa::path(
    get,
    path = "/api/v1/customers/{uuid}",
    operation_id = "trades-customer-get",
    tag = "customers",
    params(
        ("uuid" = Uuid, Path, description = "Id of the customer"),
        ("include_deleted" = Option<bool>, Query, description = "Extension: return the customer even if it is soft-deleted; defaults to false"),
        ("If-None-Match" = Option<String>, Header, description = "Extension: ETags of the versions that the client already has"),
    ),
    responses(
        (status = 200, description = "The customer", headers(("ETag" = String, description = "The customer's version")), body = inline(Success<CustomerBody>)),
        (status = 304, description = "The customer is still at a version in If-None-Match", headers(("ETag" = String, description = "The customer's version"))),
        (status = 404, description = "The customer does not exist or is soft-deleted", body = ErrorBody),
        CommonErrors,
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let uuid = customer_uuid(call.request)?;
    let include_deleted = call.request.query_flag("include_deleted")?.unwrap_or(false);
    let customer = call.store().customer_get(call.tenant(), uuid, include_deleted).await?;
    if call.request.has_version(&etag(&customer)) {
        return Ok(Reply::empty(StatusCode::NOT_MODIFIED).with(header::ETAG, etag(&customer)));
    }
    customer_reply(StatusCode::OK, &customer)
}

/// Returns the customer's UUID from the path.
///
/// # Errors
/// Returns [`Error::NotFound`] if the UUID is malformed, because no customer can have such a UUID.
pub(crate) fn customer_uuid(request: &Request) -> Result<Uuid> {
    request
        .path("uuid")
        .filter(|text| text.len() == 36)
        .and_then(|text| Uuid::try_parse(text).ok())
        .ok_or(Error::NotFound("Customer"))
}
