//! `GET /api/customers`: lists customers, newest first, page by page.

use futures::FutureExt;
use http::{HeaderName, StatusCode};

use clientele_functions_common::{AuthenticatedRequest, Endpoint, Reply, Request};
use clientele_shared::model::{Figures, Scope, Status};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{Budget, CustomerFilter, CustomerQuery, PageRequest, Total};
use clientele_shared::{Error, Result};

use crate::error::Erp;
use crate::openapi::CommonErrors;
use crate::paging::Paging;
use crate::types::{ListedCustomerBody, Page};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "erp-customer-list",
    scopes: &[Scope::Read],
    dialect: &Erp,
    handle: |call| handle(call).boxed(),
};

/// Lists customers, newest first, page by page.
#[utoipa::path(
    get,
    path = "/api/customers",
    operation_id = "erp-customer-list",
    tag = "customers",
    params(
        ("is_active" = Option<bool>, Query, description = "Only active customers, or only others; defaults to all"),
        ("search" = Option<String>, Query, max_length = 255, description = "Words to find in the name, email, phone number and address; or a `cust_…` id", example = "xyz"),
        ("page" = Option<u64>, Query, minimum = 1, description = "Page number, starting at 1; defaults to 1", example = 1),
        ("limit" = Option<u64>, Query, minimum = 1, description = "Customers per page; defaults to 20, and values above 100 are reduced to 100", example = 20),
    ),
    responses(
        (status = 200, description = "A page of customers, newest first", headers(("X-Total-Relation" = String, description = "`gte` if `total` is a lower bound; otherwise absent")), body = inline(Page<ListedCustomerBody>)),
        CommonErrors,
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let paging = Paging::read(call.request)?;
    let query = read_query(call.request)?;
    let walker = &call.caller.key_id;
    let request = PageRequest::Page { page: paging.page, limit: paging.limit, walker };
    let found = call.store().customers(call.tenant(), &query, request, Budget::default()).await?;
    let relation = found.total.ok_or_else(|| Error::broken("a list was read without its total"))?;
    // Deletes on earlier pages reduce the total but not the number of customers after this page.
    let least = if found.next.is_some() { paging.end().saturating_add(1) } else { 0 };
    let total = relation.count().max(least);
    let none = Figures::default();
    let listed = found.customers.iter();
    let data = listed.map(|one| ListedCustomerBody::of(&one.customer, one.figures.as_ref().unwrap_or(&none)));
    let mut reply = Reply::json(StatusCode::OK, &Page { data: data.collect(), meta: paging.meta(total) })?;
    if let Total::AtLeast(_) = relation {
        reply.set(HeaderName::from_static("x-total-relation"), "gte");
    }
    Ok(reply)
}

fn read_query(request: &Request) -> Result<CustomerQuery> {
    let mut filter = CustomerFilter::default();
    match request.query_flag("is_active")? {
        Some(true) => filter.status = Some(Status::Active),
        Some(false) => filter.status_not = Some(Status::Active),
        None => {}
    }
    let search = request.query("search").map(SearchQuery::parse).transpose()?.flatten();
    Ok(CustomerQuery { filter, search, figures: true, ..CustomerQuery::default() })
}
