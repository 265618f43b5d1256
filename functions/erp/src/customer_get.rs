//! `GET /api/customers/{id}`: returns one customer in full.

use futures::FutureExt;
use http::StatusCode;
use uuid::Uuid;

use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_shared::model::{CustomerNumber, Scope};
use clientele_shared::{Error, Result};

use crate::error::{Erp, ErrorBody};
use crate::openapi::CommonErrors;
use crate::types::{CustomerBody, Success, customer_reply};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "erp-customer-get",
    scopes: &[Scope::Read],
    dialect: &Erp,
    handle: |call| handle(call).boxed(),
};

/// Returns one customer.
#[utoipa::path(
    get,
    path = "/api/customers/{id}",
    operation_id = "erp-customer-get",
    tag = "customers",
    params(("id" = String, Path, description = "Id of the customer", example = "cust_456")),
    responses(
        (status = 200, description = "The customer", headers(("ETag" = String, description = "The customer's version")), body = inline(Success<CustomerBody>)),
        (status = 404, description = "The customer does not exist", body = ErrorBody),
        CommonErrors,
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let uuid = customer_uuid(&call)?;
    let (customer, figures) = call.store().customer_with_figures(call.tenant(), uuid).await?;
    customer_reply(StatusCode::OK, &customer, &figures)
}

/// Returns the UUID of the customer whose id is in the path.
///
/// # Errors
/// Returns [`Error::NotFound`] if the id is malformed, because no customer can have such an id.
pub(crate) fn customer_uuid(call: &AuthenticatedRequest<'_>) -> Result<Uuid> {
    let number = call.request.path("id").and_then(CustomerNumber::from_customer_id);
    number.map(|number| call.tenant().customer_uuid(number)).ok_or(Error::NotFound("Customer"))
}
