//! `POST /api/v1/customers/{uuid}/restore`: restores a soft-deleted customer. An extension of the trades API.

use futures::FutureExt;
use http::StatusCode;

use clientele_functions_common::openapi::{IdempotencyKey, IfMatch};
use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_shared::Result;
use clientele_shared::model::{Customer, Scope};
use clientele_shared::store::WriteOutcome;

use crate::customer_get::customer_uuid;
use crate::error::{ErrorBody, Trades};
use crate::openapi::{CommonErrors, Conflict, PreconditionFailed};
use crate::types::{CustomerBody, Success, customer_reply};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "trades-customer-restore",
    // The response shows the whole customer.
    scopes: &[Scope::Write, Scope::Read],
    dialect: &Trades,
    handle: |call| handle(call).boxed(),
};

/// Extension: restores a soft-deleted customer. A customer that is not deleted is returned unchanged.
#[utoipa::path(
    post,
    path = "/api/v1/customers/{uuid}/restore",
    operation_id = "trades-customer-restore",
    tag = "customers",
    params(
        ("uuid" = Uuid, Path, description = "Id of the customer"),
        IfMatch,
        IdempotencyKey,
    ),
    responses(
        (status = 200, description = "The customer, no longer deleted", headers(("ETag" = String, description = "The customer's version")), body = inline(Success<CustomerBody>)),
        (status = 404, description = "The customer does not exist", body = ErrorBody),
        Conflict,
        PreconditionFailed,
        CommonErrors,
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let uuid = customer_uuid(call.request)?;
    let render = |customer: &Customer| Ok(render_reply(customer)?.to_stored());
    let (store, tenant) = (call.store(), call.tenant());
    let write = call.into_write(&render)?;
    match store.customer_restore(tenant, uuid, write).await? {
        WriteOutcome::Applied(customer) => render_reply(&customer),
        WriteOutcome::Replayed(stored) => Reply::from_stored(&stored),
    }
}

fn render_reply(customer: &Customer) -> Result<Reply> {
    customer_reply(StatusCode::OK, customer)
}
