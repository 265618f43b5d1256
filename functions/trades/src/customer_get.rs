//! `GET /api/v1/customers/{uuid}`: one customer.

use futures::FutureExt;
use http::{StatusCode, header};
use uuid::Uuid;

use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply, Request};
use clientele_shared::model::Scope;
use clientele_shared::{Error, Result};

use crate::error::{ErrorBody, Trades};
use crate::types::{CustomerBody, Success, customer_reply, etag};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "trades-customer-get",
    scope: Scope::Read,
    dialect: &Trades,
    handle: |call| handle(call).boxed(),
};

/// One customer.
#[utoipa::path(
    get,
    path = "/api/v1/customers/{uuid}",
    operation_id = "trades-customer-get",
    tag = "customers",
    params(
        ("uuid" = Uuid, Path, description = "The customer"),
        ("include_deleted" = Option<bool>, Query, description = "Extension: show it even if it is soft-deleted"),
        ("If-None-Match" = Option<String>, Header, description = "Extension: the ETag the caller has"),
    ),
    responses(
        (status = 200, description = "The customer, with its version as ETag", body = inline(Success<CustomerBody>)),
        (status = 404, description = "No such customer", body = ErrorBody),
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

/// The customer that the path names. A malformed uuid is no customer's, and is answered as any unknown one.
pub(crate) fn customer_uuid(request: &Request) -> Result<Uuid> {
    request
        .path("uuid")
        .filter(|text| text.len() == 36)
        .and_then(|text| Uuid::try_parse(text).ok())
        .ok_or(Error::NotFound("Customer"))
}
