//! `POST /api/customers/{id}/credit-check`: checks a customer's credit, and stores and returns the result.

use futures::FutureExt;
use http::StatusCode;

use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_shared::Result;
use clientele_shared::model::Scope;
use clientele_shared::rules::credit::{Applicant, CreditCheck};

use crate::credit;
use crate::credit::types::CreditCheckBody;
use crate::customer_get::customer_uuid;
use crate::error::{Erp, ErrorBody};
use crate::openapi::CommonErrors;
use crate::types::Success;

/// The endpoint. The result shows figures, so a key that can only write must not get it.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "erp-credit-check",
    scopes: &[Scope::Write, Scope::Read],
    dialect: &Erp,
    handle: |call| handle(call).boxed(),
};

/// Checks a customer's credit. The check recommends a credit limit and changes neither the limit nor anything else of the
/// customer. A customer's credit can be checked 10 times a minute; a check that fails counts too.
#[utoipa::path(
    post,
    path = "/api/customers/{id}/credit-check",
    operation_id = "erp-credit-check",
    tag = "customers",
    params(("id" = String, Path, description = "Id of the customer", example = "cust_456")),
    responses(
        (status = 200, description = "The result of the check", body = inline(Success<CreditCheckBody>)),
        (status = 404, description = "The customer does not exist", body = ErrorBody),
        CommonErrors,
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let uuid = customer_uuid(&call)?;
    let provider = credit::provider(&call);
    let (store, tenant) = (call.store(), call.tenant());
    let (customer, figures, at) = store.credit_check_permit(tenant, uuid, call.authorization).await?;
    let applicant = Applicant { customer: &customer, figures: &figures, at };
    let check = CreditCheck::of(&applicant, provider.score(&applicant).await?);
    store.credit_check_store(tenant, uuid, &check).await?;
    Reply::json(StatusCode::OK, &Success { data: CreditCheckBody::of(&customer, &check) })
}
