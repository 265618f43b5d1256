//! `PUT /api/customers/{id}`: updates a customer. Absent fields keep their value; `null` clears it.

use futures::FutureExt;
use http::StatusCode;

use clientele_functions_common::openapi::{IdempotencyKey, IfMatch};
use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_shared::Result;
use clientele_shared::model::{Customer, Scope};
use clientele_shared::store::{Write, WriteOutcome};

use crate::customer_get::customer_uuid;
use crate::error::{Erp, ErrorBody};
use crate::figures::WrittenFigures;
use crate::input::CustomerInput;
use crate::openapi::{CommonErrors, Conflict, CustomerInputSchema, PreconditionFailed};
use crate::types::{CustomerBody, Success, customer_reply};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "erp-customer-update",
    // The response shows the whole customer.
    scopes: &[Scope::Write, Scope::Read],
    dialect: &Erp,
    handle: |call| handle(call).boxed(),
};

/// Updates a customer. Absent fields keep their value; `null` clears it. An address replaces the whole address, and a list of
/// contacts all contacts: those with an id are updated, those without are added, and missing ones are removed.
#[utoipa::path(
    put,
    path = "/api/customers/{id}",
    operation_id = "erp-customer-update",
    tag = "customers",
    params(
        ("id" = String, Path, description = "Id of the customer", example = "cust_456"),
        IfMatch,
        IdempotencyKey,
    ),
    request_body = CustomerInputSchema,
    responses(
        (status = 200, description = "The updated customer", headers(("ETag" = String, description = "The customer's version")), body = inline(Success<CustomerBody>)),
        (status = 404, description = "The customer does not exist", body = ErrorBody),
        Conflict,
        PreconditionFailed,
        CommonErrors,
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let uuid = customer_uuid(&call)?;
    let input = CustomerInput::read(call.request)?;
    let figures = WrittenFigures::default();
    let render_reply = |customer: &Customer| customer_reply(StatusCode::OK, customer, figures.get()?);
    let render = |customer: &Customer| Ok(render_reply(customer)?.to_stored());
    let (store, tenant) = (call.store(), call.tenant());
    let now = store.ambient().now();
    let Write { authorization, expected_version, idempotency } = call.into_write(&render)?;
    let authorization = figures.read_during(authorization, store, tenant, uuid);
    let write = Write { authorization, expected_version, idempotency };
    match store.customer_update(tenant, uuid, |fields| input.apply(fields, now), write).await? {
        WriteOutcome::Applied(customer) => render_reply(&customer),
        WriteOutcome::Replayed(stored) => Reply::from_stored(&stored),
    }
}
