//! `POST /api/customers/{id}/contacts`: adds a contact to a customer.

use futures::FutureExt;
use http::{StatusCode, header};

use clientele_functions_common::openapi::{IdempotencyKey, IfMatch};
use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_shared::model::{Customer, Scope};
use clientele_shared::store::WriteOutcome;
use clientele_shared::{Error, Result};

use crate::contact::{ContactInput, last_added};
use crate::customer_get::customer_uuid;
use crate::error::{Erp, ErrorBody};
use crate::openapi::{CommonErrors, Conflict, ContactInputSchema, PreconditionFailed};
use crate::types::{SingleContactBody, Success, etag};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "erp-contact-create",
    scopes: &[Scope::Write],
    dialect: &Erp,
    handle: |call| handle(call).boxed(),
};

/// Adds a contact to a customer. A customer's first contact is primary unless `is_primary` is false.
#[utoipa::path(
    post,
    path = "/api/customers/{id}/contacts",
    operation_id = "erp-contact-create",
    tag = "contacts",
    params(
        ("id" = String, Path, description = "Id of the customer", example = "cust_456"),
        IfMatch,
        IdempotencyKey,
    ),
    request_body = ContactInputSchema,
    responses(
        (status = 201, description = "The new contact", headers(("ETag" = String, description = "The customer's version")), body = inline(Success<SingleContactBody>)),
        (status = 404, description = "The customer does not exist", body = ErrorBody),
        Conflict,
        PreconditionFailed,
        CommonErrors,
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let uuid = customer_uuid(&call)?;
    let input = ContactInput::read(call.request)?;
    let render = |customer: &Customer| Ok(render_reply(customer)?.to_stored());
    let (store, tenant) = (call.store(), call.tenant());
    let now = store.ambient().now();
    let write = call.into_write(&render)?;
    match store.customer_update(tenant, uuid, |fields| input.add(fields, now), write).await? {
        WriteOutcome::Applied(customer) => render_reply(&customer),
        WriteOutcome::Replayed(stored) => Reply::from_stored(&stored),
    }
}

fn render_reply(customer: &Customer) -> Result<Reply> {
    let contact = last_added(&customer.fields).ok_or_else(|| Error::broken("the new contact is missing"))?;
    let body = Success { data: SingleContactBody::of(contact, customer, true) };
    Ok(Reply::json(StatusCode::CREATED, &body)?.with(header::ETAG, etag(customer)))
}
