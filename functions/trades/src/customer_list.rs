//! `GET /api/v1/customers`: lists customers, newest first, page by page.

use futures::FutureExt;
use http::{HeaderName, StatusCode};

use clientele_functions_common::{AuthenticatedRequest, Caller, Endpoint, Reply, Request};
use clientele_shared::model::{CustomerNumber, CustomerType, Scope};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{
    Budget, CustomerFilter, CustomerPage, CustomerQuery, PageRequest, Position, Store, Total,
};
use clientele_shared::{Error, Result};

use crate::error::Trades;
use crate::openapi::CommonErrors;
use crate::types::{CustomerBody, CustomersBody, Pagination, Success};

/// The endpoint.
pub const ENDPOINT: Endpoint = Endpoint {
    name: "trades-customer-list",
    scopes: &[Scope::Read],
    dialect: &Trades,
    handle: |call| handle(call).boxed(),
};

/// Customers per page if the request has no `limit`.
const DEFAULT_LIMIT: u64 = 50;

/// Maximum number of customers per page. A larger `limit` is reduced to this number.
const MAX_LIMIT: u64 = 100;

/// The parameters of a list request.
struct ListRequest {
    filter: CustomerFilter,
    search: Option<SearchQuery>,
    page: u64,
    limit: u64,
    /// Continues after this customer instead of at a page number. An extension of the trades API.
    cursor: Option<CustomerNumber>,
}

/// Lists customers, newest first, page by page.
#[utoipa::path(
    get,
    path = "/api/v1/customers",
    operation_id = "trades-customer-list",
    tag = "customers",
    params(
        ("filter" = Option<String>, Query, pattern = "^(all|residential|commercial|vip)$", description = "`all`, `residential`, `commercial` or `vip`; defaults to `all`", example = "residential"),
        ("search" = Option<String>, Query, max_length = 255, description = "Words to find in the names, company, email, phone number and address; or a UUID or `cust_…` id", example = "john"),
        ("include_deleted" = Option<bool>, Query, description = "Include soft-deleted customers; defaults to false"),
        ("page" = Option<u64>, Query, minimum = 1, description = "Page number, starting at 1; defaults to 1", example = 1),
        ("limit" = Option<u64>, Query, minimum = 1, description = "Customers per page; defaults to 50, and values above 100 are reduced to 100", example = 10),
        ("cursor" = Option<String>, Query, pattern = "^cust_([1-9][0-9]{0,8}|1[0-9]{9})$", description = "Extension: the X-Next-Cursor of the previous page, instead of `page`"),
    ),
    responses(
        (status = 200, description = "A page of customers, newest first", headers(("X-Next-Cursor" = String, description = "The cursor of the next page; absent on the last page"), ("X-Total-Relation" = String, description = "`gte` if `total` is a lower bound; otherwise absent")), body = inline(Success<CustomersBody>)),
        CommonErrors,
    )
)]
pub(crate) async fn handle(call: AuthenticatedRequest<'_>) -> Result<Reply> {
    let list = ListRequest::read(call.request)?;
    let found = list.run(call.store(), call.caller).await?;
    let relation = found.total.ok_or_else(|| Error::broken("a list was read without its total"))?;
    let total = relation.count();
    let mut total_pages = total.div_ceil(list.limit);
    if found.next.is_some() && list.cursor.is_none() {
        // Deletes on earlier pages reduce the total but not the number of customers after this page.
        total_pages = total_pages.max(list.page.saturating_add(1));
    }
    let pagination = Pagination { page: list.page, limit: list.limit, total, total_pages };
    let customers = found.customers.iter().map(|listed| CustomerBody::from(&listed.customer)).collect();
    let mut reply = Reply::json(StatusCode::OK, &Success::of(CustomersBody { customers, pagination }))?;
    if let Some(next) = &found.next {
        reply.set(HeaderName::from_static("x-next-cursor"), &next.number.to_customer_id());
    }
    if let Total::AtLeast(_) = relation {
        reply.set(HeaderName::from_static("x-total-relation"), "gte");
    }
    Ok(reply)
}

impl ListRequest {
    fn read(request: &Request) -> Result<Self> {
        let mut filter = request.query("filter").map_or(Ok(CustomerFilter::default()), parse_filter)?;
        filter.include_deleted = request.query_flag("include_deleted")?.unwrap_or(false);
        Ok(Self {
            filter,
            search: request.query("search").map(SearchQuery::parse).transpose()?.flatten(),
            page: request.query_number("page")?.unwrap_or(1),
            limit: request.query_number("limit")?.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT),
            cursor: request.query("cursor").map(parse_cursor).transpose()?,
        })
    }

    async fn run(&self, store: &Store, caller: &Caller) -> Result<CustomerPage> {
        let query = CustomerQuery {
            filter: self.filter.clone(),
            search: self.search.clone(),
            ..CustomerQuery::default()
        };
        let (limit, walker) = (usize::try_from(self.limit).unwrap_or(usize::MAX), &caller.key_id);
        let request = match self.cursor {
            Some(after) => {
                let position = Some(Position::at(after));
                PageRequest::After { position, limit, total: true, walker: Some(walker) }
            }
            None => PageRequest::Page { page: self.page, limit, walker },
        };
        store.customers(&caller.tenant, &query, request, Budget::default()).await
    }
}

/// Parses the name of a filter.
///
/// # Errors
/// Returns [`Error::Invalid`] if no filter has that name.
fn parse_filter(name: &str) -> Result<CustomerFilter> {
    let all = CustomerFilter::default();
    match name.to_ascii_lowercase().as_str() {
        "all" => Ok(all),
        "residential" => Ok(CustomerFilter { customer_type: Some(CustomerType::Residential), ..all }),
        "commercial" => Ok(CustomerFilter { customer_type: Some(CustomerType::Commercial), ..all }),
        "vip" => Ok(CustomerFilter { is_vip: Some(true), ..all }),
        _ => Err(Error::invalid("filter", "must be one of all, residential, commercial, vip")),
    }
}

fn parse_cursor(text: &str) -> Result<CustomerNumber> {
    CustomerNumber::from_customer_id(text)
        .ok_or_else(|| Error::invalid("cursor", "must be the X-Next-Cursor of the previous page"))
}
