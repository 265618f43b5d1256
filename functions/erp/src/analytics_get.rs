//! `GET /api/customers/{id}/analytics`: returns what a customer's orders amount to.

use futures::FutureExt;
use futures::future::try_join;
use http::StatusCode;

use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_shared::model::{Scope, Timestamp};
use clientele_shared::store::OrderPeriod;
use clientele_shared::{Error, Result};

use crate::analytics::AnalyticsBody;
use crate::customer_get::customer_uuid;
use crate::error::{Erp, ErrorBody};
use crate::openapi::CommonErrors;
use crate::types::Success;

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "erp-analytics-get",
    scopes: &[Scope::Read],
    dialect: &Erp,
    handle: |call| handle(call).boxed(),
};

/// Returns what a customer's orders amount to.
#[utoipa::path(
    get,
    path = "/api/customers/{id}/analytics",
    operation_id = "erp-analytics-get",
    tag = "orders",
    params(
        ("id" = String, Path, description = "Id of the customer", example = "cust_456"),
        ("period" = Option<String>, Query, pattern = "^(30d|90d|1y|all)$", description = "`30d`, `90d` or `1y` (365 days), counted back from now in days of 24 hours; or `all`, the default", example = "90d"),
    ),
    responses(
        (status = 200, description = "The analytics", body = inline(Success<AnalyticsBody>)),
        (status = 404, description = "The customer does not exist", body = ErrorBody),
        CommonErrors,
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let uuid = customer_uuid(&call)?;
    let (store, tenant, now) = (call.store(), call.tenant(), call.store().ambient().now());
    let period = read_period(call.request.query("period"), now)?;
    let customer = store.customer_with_figures(tenant, uuid);
    let ((customer, figures), months) = try_join(customer, store.sales(tenant, uuid, period)).await?;
    Reply::json(StatusCode::OK, &Success { data: AnalyticsBody::of(&customer, &figures, months, now)? })
}

/// Returns the period that ends now.
fn read_period(period: Option<&str>, now: Timestamp) -> Result<OrderPeriod> {
    let days = match period {
        None | Some("all") => return Ok(OrderPeriod::default()),
        Some("30d") => 30,
        Some("90d") => 90,
        Some("1y") => 365,
        Some(_) => return Err(Error::invalid("period", "must be 30d, 90d, 1y or all")),
    };
    Ok(OrderPeriod { from: Some(now.plus_seconds(-days * 24 * 3600)), to: Some(now) })
}
