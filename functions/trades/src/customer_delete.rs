//! `DELETE /api/v1/customers/{uuid}`: a soft delete; the second is answered with 404.

use futures::FutureExt;
use http::StatusCode;

use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_shared::Result;
use clientele_shared::model::{Customer, Scope};
use clientele_shared::store::WriteOutcome;

use crate::customer_get::customer_uuid;
use crate::error::{ErrorBody, Trades};
use crate::types::{Message, Success};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "trades-customer-delete",
    scope: Scope::Write,
    dialect: &Trades,
    handle: |call| handle(call).boxed(),
};

/// A soft delete.
#[utoipa::path(
    delete,
    path = "/api/v1/customers/{uuid}",
    operation_id = "trades-customer-delete",
    tag = "customers",
    params(
        ("uuid" = Uuid, Path, description = "The customer"),
        ("If-Match" = Option<String>, Header, description = "Extension: the ETag that the customer must still have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Extension: makes a retried request take effect once"),
    ),
    responses(
        (status = 200, description = "The customer is soft-deleted", body = inline(Success<Message>)),
        (status = 404, description = "No such customer, or deleted already", body = ErrorBody),
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let uuid = customer_uuid(call.request)?;
    let kept = |_: &Customer| Ok(confirmation()?.to_stored());
    let (store, tenant) = (call.store(), call.tenant());
    let write = call.into_write(&kept)?;
    match store.customer_delete(tenant, uuid, write).await? {
        WriteOutcome::Applied(_) => confirmation(),
        WriteOutcome::Replayed(kept) => Reply::from_stored(&kept),
    }
}

fn confirmation() -> Result<Reply> {
    Reply::json(StatusCode::OK, &Success::of(Message { message: "Customer deleted successfully" }))
}
