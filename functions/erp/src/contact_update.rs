//! `PUT /api/customers/{id}/contacts/{contact_id}`: changes a contact. Absent fields keep their value; `null` clears it.

use futures::FutureExt;
use http::{StatusCode, header};

use clientele_functions_common::openapi::{IdempotencyKey, IfMatch};
use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply, Request};
use clientele_shared::model::{Customer, Scope};
use clientele_shared::store::WriteOutcome;
use clientele_shared::{Error, Result};

use crate::contact::ContactInput;
use crate::customer_get::customer_uuid;
use crate::error::{Erp, ErrorBody};
use crate::openapi::{CommonErrors, Conflict, ContactInputSchema, PreconditionFailed};
use crate::types::{SingleContactBody, Success, etag};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "erp-contact-update",
    // The response shows the whole contact.
    scopes: &[Scope::Write, Scope::Read],
    dialect: &Erp,
    handle: |call| handle(call).boxed(),
};

/// Changes a contact. Absent fields keep their value; `null` clears it. A contact that becomes primary replaces the one that
/// was.
#[utoipa::path(
    put,
    path = "/api/customers/{id}/contacts/{contact_id}",
    operation_id = "erp-contact-update",
    tag = "contacts",
    params(
        ("id" = String, Path, description = "Id of the customer", example = "cust_456"),
        ("contact_id" = String, Path, description = "Id of the contact", example = "cont_103"),
        IfMatch,
        IdempotencyKey,
    ),
    request_body = ContactInputSchema,
    responses(
        (status = 200, description = "The changed contact", headers(("ETag" = String, description = "The customer's version")), body = inline(Success<SingleContactBody>)),
        (status = 404, description = "The customer or the contact does not exist", body = ErrorBody),
        Conflict,
        PreconditionFailed,
        CommonErrors,
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let uuid = customer_uuid(&call)?;
    let id = contact_id(call.request)?;
    let input = ContactInput::read(call.request)?;
    let render = |customer: &Customer| Ok(render_reply(customer, &id)?.to_stored());
    let (store, tenant) = (call.store(), call.tenant());
    let now = store.ambient().now();
    let write = call.into_write(&render)?;
    match store.customer_update(tenant, uuid, |fields| input.apply(fields, &id, now), write).await? {
        WriteOutcome::Applied(customer) => render_reply(&customer, &id),
        WriteOutcome::Replayed(stored) => Reply::from_stored(&stored),
    }
}

fn render_reply(customer: &Customer, id: &str) -> Result<Reply> {
    let contact = customer.fields.contacts.iter().find(|contact| contact.id == id);
    let contact = contact.ok_or_else(|| Error::broken("the changed contact is missing"))?;
    let body = Success { data: SingleContactBody::of(contact, customer, false) };
    Ok(Reply::json(StatusCode::OK, &body)?.with(header::ETAG, etag(customer)))
}

/// Returns the contact's id from the path.
///
/// # Errors
/// Returns [`Error::NotFound`] if there is none.
pub(crate) fn contact_id(request: &Request) -> Result<String> {
    request.path("contact_id").map(str::to_owned).ok_or(Error::NotFound("Contact"))
}
