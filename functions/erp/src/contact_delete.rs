//! `DELETE /api/customers/{id}/contacts/{contact_id}`: removes a contact from a customer.

use futures::FutureExt;
use http::{StatusCode, header};

use clientele_functions_common::openapi::{IdempotencyKey, IfMatch};
use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_shared::Result;
use clientele_shared::model::{Customer, Scope};
use clientele_shared::store::WriteOutcome;

use crate::contact;
use crate::contact_update::contact_id;
use crate::customer_get::customer_uuid;
use crate::error::{Erp, ErrorBody};
use crate::openapi::{CommonErrors, Conflict, PreconditionFailed};
use crate::types::{Message, Success, etag};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "erp-contact-delete",
    scopes: &[Scope::Write],
    dialect: &Erp,
    handle: |call| handle(call).boxed(),
};

/// Removes a contact from a customer. If it was primary, no contact is primary then.
#[utoipa::path(
    delete,
    path = "/api/customers/{id}/contacts/{contact_id}",
    operation_id = "erp-contact-delete",
    tag = "contacts",
    params(
        ("id" = String, Path, description = "Id of the customer", example = "cust_456"),
        ("contact_id" = String, Path, description = "Id of the contact", example = "cont_103"),
        IfMatch,
        IdempotencyKey,
    ),
    responses(
        (status = 200, description = "The contact is removed", headers(("ETag" = String, description = "The customer's version")), body = inline(Success<Message>)),
        (status = 404, description = "The customer or the contact does not exist", body = ErrorBody),
        Conflict,
        PreconditionFailed,
        CommonErrors,
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let uuid = customer_uuid(&call)?;
    let id = contact_id(call.request)?;
    let render = |customer: &Customer| Ok(render_reply(customer)?.to_stored());
    let (store, tenant) = (call.store(), call.tenant());
    let write = call.into_write(&render)?;
    match store.customer_update(tenant, uuid, |fields| contact::remove(fields, &id), write).await? {
        WriteOutcome::Applied(customer) => render_reply(&customer),
        WriteOutcome::Replayed(stored) => Reply::from_stored(&stored),
    }
}

fn render_reply(customer: &Customer) -> Result<Reply> {
    let body = Success { data: Message { message: "Contact successfully removed" } };
    Ok(Reply::json(StatusCode::OK, &body)?.with(header::ETAG, etag(customer)))
}
