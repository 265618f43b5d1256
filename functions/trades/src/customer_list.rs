//! `GET /api/v1/customers`: a page of customers, the newest first.

use futures::FutureExt;
use http::{HeaderName, StatusCode};

use clientele_functions_common::{AuthenticatedRequest, Caller, Endpoint, Reply, Request};
use clientele_shared::model::{CustomerNumber, CustomerType, Scope};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{CustomerFilter, CustomerPage, Store, Total};
use clientele_shared::{Error, Result};

use crate::error::{ErrorBody, Trades};
use crate::types::{CustomerBody, CustomersBody, Pagination, Success};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "trades-customer-list",
    scope: Scope::Read,
    dialect: &Trades,
    handle: |call| handle(call).boxed(),
};

/// Customers to a page where the caller does not say.
const DEFAULT_LIMIT: u64 = 50;

/// Customers to a page at the most; more are answered with so many.
const MAX_LIMIT: u64 = 100;

/// What a list is asked for.
struct ListRequest {
    filter: CustomerFilter,
    search: Option<SearchQuery>,
    page: u64,
    limit: u64,
    /// Reads on below this customer instead of by page number: an extension of the document.
    cursor: Option<CustomerNumber>,
}

/// A page of customers, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/customers",
    operation_id = "trades-customer-list",
    tag = "customers",
    params(
        ("filter" = Option<String>, Query, description = "`all`, `residential`, `commercial` or `vip`", example = "residential"),
        ("search" = Option<String>, Query, description = "Words to find in names, company, email, phone, address; a uuid or `cust_…`", example = "john"),
        ("include_deleted" = Option<bool>, Query, description = "Soft-deleted customers too; false"),
        ("page" = Option<u64>, Query, description = "Page number, from 1; 1", example = 1),
        ("limit" = Option<u64>, Query, description = "Customers to a page; 50, at most 100", example = 10),
        ("cursor" = Option<String>, Query, description = "Extension: the `X-Next-Cursor` of the page before, instead of `page`"),
    ),
    responses(
        (status = 200, description = "A page of customers, the newest first", body = inline(Success<CustomersBody>)),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
        (status = 401, description = "No API key in force", body = ErrorBody),
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let asked = ListRequest::read(call.request)?;
    let given = asked.ask(call.store(), call.caller).await?;
    let total = given.total.count();
    let mut total_pages = total.div_ceil(asked.limit);
    if given.has_more && asked.cursor.is_none() {
        // Deletes in the pages before this one take from the total, not from what comes after it.
        total_pages = total_pages.max(asked.page.saturating_add(1));
    }
    let pagination = Pagination { page: asked.page, limit: asked.limit, total, total_pages };
    let customers = given.customers.iter().map(CustomerBody::from).collect();
    let mut reply = Reply::json(StatusCode::OK, &Success::of(CustomersBody { customers, pagination }))?;
    if let (true, Some(last)) = (given.has_more, given.customers.last()) {
        reply.set(HeaderName::from_static("x-next-cursor"), &last.number.to_customer_id());
    }
    if let Total::AtLeast(_) = given.total {
        reply.set(HeaderName::from_static("x-total-relation"), "gte");
    }
    Ok(reply)
}

impl ListRequest {
    fn read(request: &Request) -> Result<Self> {
        let mut filter = request.query("filter").map_or(Ok(CustomerFilter::default()), named_filter)?;
        filter.include_deleted = request.query_flag("include_deleted")?.unwrap_or(false);
        Ok(Self {
            filter,
            search: request.query("search").and_then(SearchQuery::parse),
            page: request.query_number("page")?.unwrap_or(1),
            limit: request.query_number("limit")?.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT),
            cursor: request.query("cursor").map(read_cursor).transpose()?,
        })
    }

    async fn ask(&self, store: &Store, caller: &Caller) -> Result<CustomerPage> {
        let (tenant, filter, search) = (&caller.tenant, &self.filter, self.search.as_ref());
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        match self.cursor {
            Some(after) => store.customer_list_after(tenant, filter, search, Some(after), limit).await,
            None => store.customer_list_page(tenant, &caller.key_id, filter, search, self.page, limit).await,
        }
    }
}

/// The customers that a filter's name stands for.
fn named_filter(name: &str) -> Result<CustomerFilter> {
    let all = CustomerFilter::default();
    match name.to_ascii_lowercase().as_str() {
        "all" => Ok(all),
        "residential" => Ok(CustomerFilter { customer_type: Some(CustomerType::Residential), ..all }),
        "commercial" => Ok(CustomerFilter { customer_type: Some(CustomerType::Commercial), ..all }),
        "vip" => Ok(CustomerFilter { is_vip: Some(true), ..all }),
        _ => Err(Error::invalid("filter", "must be one of all, residential, commercial, vip")),
    }
}

fn read_cursor(text: &str) -> Result<CustomerNumber> {
    CustomerNumber::from_customer_id(text)
        .ok_or_else(|| Error::invalid("cursor", "must be the X-Next-Cursor of the page before"))
}
