//! `DELETE /api/v1/customers/{uuid}`: soft-deletes a customer; deleting it again returns 404.

use futures::FutureExt;
use http::StatusCode;

use clientele_functions_common::openapi::{IdempotencyKey, IfMatch};
use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_shared::Result;
use clientele_shared::model::{Customer, Scope};
use clientele_shared::store::WriteOutcome;

use crate::customer_get::customer_uuid;
use crate::error::{ErrorBody, Trades};
use crate::openapi::{CommonErrors, PreconditionFailed};
use crate::types::{Message, Success};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "trades-customer-delete",
    scopes: &[Scope::Write],
    dialect: &Trades,
    handle: |call| handle(call).boxed(),
};

/// Soft-deletes a customer. Deleting it again returns 404.
#[utoipa::path(
    delete,
    path = "/api/v1/customers/{uuid}",
    operation_id = "trades-customer-delete",
    tag = "customers",
    params(
        ("uuid" = Uuid, Path, description = "Id of the customer"),
        IfMatch,
        IdempotencyKey,
    ),
    responses(
        (status = 200, description = "The customer has been soft-deleted", body = inline(Success<Message>)),
        (status = 404, description = "The customer does not exist or is already deleted", body = ErrorBody),
        (status = 409, description = "The Idempotency-Key was used for a different request", body = ErrorBody),
        PreconditionFailed,
        CommonErrors,
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let uuid = customer_uuid(call.request)?;
    let render = |_: &Customer| Ok(confirmation()?.to_stored());
    let (store, tenant) = (call.store(), call.tenant());
    let write = call.into_write(&render)?;
    match store.customer_delete(tenant, uuid, write).await? {
        WriteOutcome::Applied(_) => confirmation(),
        WriteOutcome::Replayed(stored) => Reply::from_stored(&stored),
    }
}

fn confirmation() -> Result<Reply> {
    Reply::json(StatusCode::OK, &Success::of(Message { message: "Customer deleted successfully" }))
}
