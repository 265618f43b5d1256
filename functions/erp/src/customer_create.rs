//! `POST /api/customers`: creates a customer.

use futures::FutureExt;
use http::{StatusCode, header};
use serde::Deserialize;

use clientele_functions_common::openapi::IdempotencyKey;
use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_shared::model::{Customer, Figures, Scope};
use clientele_shared::store::WriteOutcome;
use clientele_shared::{Error, Result};

use crate::error::Erp;
use crate::input::CustomerInput;
use crate::openapi::{CommonErrors, Conflict, CustomerInputSchema};
use crate::types::{CustomerBody, Success, customer_reply};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "erp-customer-create",
    scopes: &[Scope::Write],
    dialect: &Erp,
    handle: |call| handle(call).boxed(),
};

/// Creates a customer.
#[utoipa::path(
    post,
    path = "/api/customers",
    operation_id = "erp-customer-create",
    tag = "customers",
    params(IdempotencyKey),
    request_body = CustomerInputSchema,
    responses(
        (status = 201, description = "The new customer", headers(("Location" = String, description = "The customer's path"), ("ETag" = String, description = "The customer's version")), body = inline(Success<CustomerBody>)),
        Conflict,
        CommonErrors,
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let fields = CustomerInput::read(call.request)?.create(call.store().ambient().now())?;
    let path = call.request.url_path().trim_end_matches('/');
    let located = |reply: Reply, id: &str| reply.with(header::LOCATION, format!("{path}/{id}"));
    let render = |customer: &Customer| Ok(render_reply(customer)?.to_stored());
    let (store, tenant) = (call.store(), call.tenant());
    let write = call.into_write(&render)?;
    match store.customer_create(tenant, fields, write).await? {
        WriteOutcome::Applied(customer) => {
            Ok(located(render_reply(&customer)?, &customer.number.to_customer_id()))
        }
        WriteOutcome::Replayed(stored) => {
            let reply = Reply::from_stored(&stored)?;
            // The stored body holds the id already, and a duplicate can arrive under another path.
            let body: Stored = serde_json::from_str(reply.body())
                .map_err(|e| Error::internal("reading the id of a stored reply", e))?;
            Ok(located(reply, &body.data.id))
        }
    }
}

/// A new customer has no figures yet.
fn render_reply(customer: &Customer) -> Result<Reply> {
    customer_reply(StatusCode::CREATED, customer, &Figures::default())
}

/// The part of a stored body that names the customer.
#[derive(Deserialize)]
struct Stored {
    data: Created,
}

#[derive(Deserialize)]
struct Created {
    id: String,
}
