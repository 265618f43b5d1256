//! `PUT /api/v1/customers/{uuid}`: updates a customer. Absent fields keep their value; `null` clears it.

use futures::FutureExt;
use http::StatusCode;

use clientele_functions_common::openapi::{IdempotencyKey, IfMatch};
use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_shared::Result;
use clientele_shared::model::{Customer, Scope};
use clientele_shared::store::WriteOutcome;

use crate::customer_get::customer_uuid;
use crate::error::{ErrorBody, Trades};
use crate::input::CustomerInput;
use crate::openapi::{CommonErrors, Conflict, CustomerInputSchema, PreconditionFailed};
use crate::types::{CustomerBody, Success, customer_reply};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "trades-customer-update",
    // The response shows the whole customer.
    scopes: &[Scope::Write, Scope::Read],
    dialect: &Trades,
    handle: |call| handle(call).boxed(),
};

/// Updates a customer. Absent fields keep their value; `null` clears it.
#[utoipa::path(
    put,
    path = "/api/v1/customers/{uuid}",
    operation_id = "trades-customer-update",
    tag = "customers",
    params(
        ("uuid" = Uuid, Path, description = "Id of the customer"),
        IfMatch,
        IdempotencyKey,
    ),
    request_body = CustomerInputSchema,
    responses(
        (status = 200, description = "The updated customer", headers(("ETag" = String, description = "The customer's version")), body = inline(Success<CustomerBody>)),
        (status = 404, description = "The customer does not exist or is soft-deleted", body = ErrorBody),
        Conflict,
        PreconditionFailed,
        CommonErrors,
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let uuid = customer_uuid(call.request)?;
    let input = CustomerInput::read(call.request)?;
    let render = |customer: &Customer| Ok(render_reply(customer)?.to_stored());
    let (store, tenant) = (call.store(), call.tenant());
    let write = call.into_write(&render)?;
    let change = |fields| input.apply(fields);
    match store.customer_update(tenant, uuid, change, write).await? {
        WriteOutcome::Applied(customer) => render_reply(&customer),
        WriteOutcome::Replayed(stored) => Reply::from_stored(&stored),
    }
}

fn render_reply(customer: &Customer) -> Result<Reply> {
    customer_reply(StatusCode::OK, customer)
}
