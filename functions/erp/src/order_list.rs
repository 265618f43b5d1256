//! `GET /api/customers/{id}/orders`: lists a customer's orders, newest first, page by page.

use futures::FutureExt;
use http::StatusCode;

use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply};
use clientele_shared::model::{OrderStatus, Scope};
use clientele_shared::{Error, Result};

use crate::customer_get::customer_uuid;
use crate::error::{Erp, ErrorBody};
use crate::openapi::CommonErrors;
use crate::order::{OrderBody, read_period};
use crate::paging::Paging;
use crate::types::Page;

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "erp-order-list",
    scopes: &[Scope::Read],
    dialect: &Erp,
    handle: |call| handle(call).boxed(),
};

/// Lists a customer's orders, newest first, page by page.
#[utoipa::path(
    get,
    path = "/api/customers/{id}/orders",
    operation_id = "erp-order-list",
    tag = "orders",
    params(
        ("id" = String, Path, description = "Id of the customer", example = "cust_456"),
        ("status" = Option<String>, Query, pattern = "^(pending|confirmed|processing|shipped|delivered|cancelled|returned)$", description = "Only orders with this status: `pending`, `confirmed`, `processing`, `shipped`, `delivered`, `cancelled` or `returned`; defaults to all", example = "delivered"),
        ("date_from" = Option<String>, Query, format = Date, description = "Only orders from this date or time on", example = "2024-01-01"),
        ("date_to" = Option<String>, Query, format = Date, description = "Only orders up to this date, that day (UTC) included, or up to this time", example = "2024-01-31"),
        ("page" = Option<u64>, Query, minimum = 1, description = "Page number, starting at 1; defaults to 1", example = 1),
        ("limit" = Option<u64>, Query, minimum = 1, description = "Orders per page; defaults to 20, and values above 100 are reduced to 100", example = 20),
    ),
    responses(
        (status = 200, description = "A page of orders, newest first", body = inline(Page<OrderBody>)),
        (status = 404, description = "The customer does not exist", body = ErrorBody),
        CommonErrors,
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let uuid = customer_uuid(&call)?;
    let paging = Paging::read(call.request)?;
    let period = read_period(call.request)?;
    let status = call.request.query("status").map(read_status).transpose()?;
    let page = (paging.page, paging.limit);
    let found = call.store().orders(call.tenant(), uuid, status, period, page).await?;
    let data = found.orders.iter().map(OrderBody::from).collect();
    Reply::json(StatusCode::OK, &Page { data, meta: paging.meta(found.total) })
}

/// Reads a status exactly as responses show it.
fn read_status(text: &str) -> Result<OrderStatus> {
    let status = OrderStatus::ALL.into_iter().find(|status| status.as_str() == text);
    status.ok_or_else(|| {
        let names = OrderStatus::ALL.map(OrderStatus::as_str).join(", ");
        Error::invalid("status", format!("must be one of {names}"))
    })
}
