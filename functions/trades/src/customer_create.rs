//! `POST /api/v1/customers`: a new customer.

use futures::FutureExt;
use http::{StatusCode, header};

use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_shared::Result;
use clientele_shared::model::{Customer, Scope};
use clientele_shared::store::WriteOutcome;

use crate::error::{ErrorBody, Trades};
use crate::input::CustomerInput;
use crate::openapi::CustomerMembers;
use crate::types::{CustomerBody, Success, customer_reply};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "trades-customer-create",
    scope: Scope::Write,
    dialect: &Trades,
    handle: |call| handle(call).boxed(),
};

/// A new customer.
#[utoipa::path(
    post,
    path = "/api/v1/customers",
    operation_id = "trades-customer-create",
    tag = "customers",
    params(("Idempotency-Key" = Option<String>, Header, description = "Extension: makes a retried request take effect once")),
    request_body = CustomerMembers,
    responses(
        (status = 201, description = "The new customer", body = inline(Success<CustomerBody>)),
        (status = 400, description = "A member is wrong", body = ErrorBody),
        (status = 409, description = "The Idempotency-Key was used for a different request", body = ErrorBody),
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let fields = CustomerInput::read(&call.request.json_object()?).create()?;
    let status =
        if call.caller.settings.trades_create_answers_200 { StatusCode::OK } else { StatusCode::CREATED };
    let kept = |customer: &Customer| Ok(customer_reply(status, customer)?.to_stored());
    let (store, tenant) = (call.store(), call.tenant());
    let write = call.into_write(&kept)?;
    match store.customer_create(tenant, fields, write).await? {
        WriteOutcome::Applied(customer) => {
            let location = format!("/api/v1/customers/{}", customer.uuid);
            Ok(customer_reply(status, &customer)?.with(header::LOCATION, location))
        }
        WriteOutcome::Replayed(kept) => Reply::from_stored(&kept),
    }
}
