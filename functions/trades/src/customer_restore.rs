//! `POST /api/v1/customers/{uuid}/restore`: brings a deleted customer back. An extension of the document.

use futures::FutureExt;
use http::StatusCode;

use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_shared::Result;
use clientele_shared::model::{Customer, Scope};
use clientele_shared::store::WriteOutcome;

use crate::customer_get::customer_uuid;
use crate::error::{ErrorBody, Trades};
use crate::types::{CustomerBody, Success, customer_reply};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "trades-customer-restore",
    scope: Scope::Write,
    dialect: &Trades,
    handle: |call| handle(call).boxed(),
};

/// Brings a soft-deleted customer back: an extension of the document.
#[utoipa::path(
    post,
    path = "/api/v1/customers/{uuid}/restore",
    operation_id = "trades-customer-restore",
    tag = "customers",
    params(
        ("uuid" = Uuid, Path, description = "The customer"),
        ("If-Match" = Option<String>, Header, description = "The ETag that the customer must still have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retried request take effect once"),
    ),
    responses(
        (status = 200, description = "The customer, no longer deleted", body = inline(Success<CustomerBody>)),
        (status = 404, description = "No such customer", body = ErrorBody),
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let uuid = customer_uuid(call.request)?;
    let kept = |customer: &Customer| Ok(one(customer)?.to_stored());
    let (store, tenant) = (call.store(), call.tenant());
    let write = call.into_write(&kept)?;
    match store.customer_restore(tenant, uuid, write).await? {
        WriteOutcome::Applied(customer) => one(&customer),
        WriteOutcome::Replayed(kept) => Reply::from_stored(&kept),
    }
}

fn one(customer: &Customer) -> Result<Reply> {
    customer_reply(StatusCode::OK, customer)
}
