//! `POST /api/v1/customers`: creates a customer.

use futures::FutureExt;
use http::{StatusCode, header};
use serde::Deserialize;
use uuid::Uuid;

use clientele_functions_common::openapi::IdempotencyKey;
use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_shared::model::{Customer, Scope};
use clientele_shared::store::WriteOutcome;
use clientele_shared::{Error, Result};

use crate::error::Trades;
use crate::input::CustomerInput;
use crate::openapi::{CommonErrors, Conflict, CustomerInputSchema};
use crate::settings::TradesSettings;
use crate::types::{CustomerBody, Success, customer_reply};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "trades-customer-create",
    scopes: &[Scope::Write],
    dialect: &Trades,
    handle: |call| handle(call).boxed(),
};

/// Creates a customer.
#[utoipa::path(
    post,
    path = "/api/v1/customers",
    operation_id = "trades-customer-create",
    tag = "customers",
    params(IdempotencyKey),
    request_body = CustomerInputSchema,
    responses(
        (status = 200, description = "The new customer, if the tenant's setting `trades-create-answers-200` is on", headers(("Location" = String, description = "The customer's path"), ("ETag" = String, description = "The customer's version")), body = inline(Success<CustomerBody>)),
        (status = 201, description = "The new customer", headers(("Location" = String, description = "The customer's path"), ("ETag" = String, description = "The customer's version")), body = inline(Success<CustomerBody>)),
        Conflict,
        CommonErrors,
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let fields = CustomerInput::read(call.request)?.create()?;
    let settings: TradesSettings = call.caller.settings.dialect()?;
    let status = if settings.create_answers_200 { StatusCode::OK } else { StatusCode::CREATED };
    let path = call.request.url_path().trim_end_matches('/');
    let located = |reply: Reply, uuid: Uuid| reply.with(header::LOCATION, format!("{path}/{uuid}"));
    let render = |customer: &Customer| Ok(customer_reply(status, customer)?.to_stored());
    let (store, tenant) = (call.store(), call.tenant());
    let write = call.into_write(&render)?;
    match store.customer_create(tenant, fields, write).await? {
        WriteOutcome::Applied(customer) => Ok(located(customer_reply(status, &customer)?, customer.uuid)),
        WriteOutcome::Replayed(stored) => {
            let reply = Reply::from_stored(&stored)?;
            // The stored body holds the uuid already, and a duplicate can arrive under another path.
            let body: Stored = serde_json::from_str(reply.body())
                .map_err(|e| Error::internal("reading the uuid of a stored reply", e))?;
            Ok(located(reply, body.data.uuid))
        }
    }
}

/// The part of a stored body that names the customer.
#[derive(Deserialize)]
struct Stored {
    data: Created,
}

#[derive(Deserialize)]
struct Created {
    uuid: Uuid,
}
