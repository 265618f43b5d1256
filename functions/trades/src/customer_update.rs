//! `PUT /api/v1/customers/{uuid}`: a partial update. Absent members stay, `null` clears.

use futures::FutureExt;
use http::StatusCode;

use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_shared::Result;
use clientele_shared::model::{Customer, Scope};
use clientele_shared::store::WriteOutcome;

use crate::customer_get::customer_uuid;
use crate::error::{ErrorBody, Trades};
use crate::input::CustomerInput;
use crate::openapi::CustomerMembers;
use crate::types::{CustomerBody, Success, customer_reply};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "trades-customer-update",
    scope: Scope::Write,
    dialect: &Trades,
    handle: |call| handle(call).boxed(),
};

/// A partial update: absent members stay, `null` clears.
#[utoipa::path(
    put,
    path = "/api/v1/customers/{uuid}",
    operation_id = "trades-customer-update",
    tag = "customers",
    params(
        ("uuid" = Uuid, Path, description = "The customer"),
        ("If-Match" = Option<String>, Header, description = "Extension: the ETag that the customer must still have"),
        ("Idempotency-Key" = Option<String>, Header, description = "Extension: makes a retried request take effect once"),
    ),
    request_body = CustomerMembers,
    responses(
        (status = 200, description = "The customer as it is now", body = inline(Success<CustomerBody>)),
        (status = 400, description = "A member is wrong", body = ErrorBody),
        (status = 404, description = "No such customer", body = ErrorBody),
        (status = 412, description = "The customer has changed", body = ErrorBody),
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let uuid = customer_uuid(call.request)?;
    let members = call.request.json_object()?;
    let input = CustomerInput::read(&members);
    let kept = |customer: &Customer| Ok(one(customer)?.to_stored());
    let (store, tenant) = (call.store(), call.tenant());
    let write = call.into_write(&kept)?;
    let change = |fields| input.apply(fields);
    match store.customer_update(tenant, uuid, change, write).await? {
        WriteOutcome::Applied(customer) => one(&customer),
        WriteOutcome::Replayed(kept) => Reply::from_stored(&kept),
    }
}

fn one(customer: &Customer) -> Result<Reply> {
    customer_reply(StatusCode::OK, customer)
}
