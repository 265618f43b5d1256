//! The root fields that read records.

use async_graphql::{Context, ID, Object};
use futures::FutureExt;
use futures::future::try_join;

use clientele_functions_graphql::Session;
use clientele_functions_graphql::session;
use clientele_shared::model::{self, CustomerNumber};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::store::{CustomerQuery, PageRequest, Position};
use clientele_shared::{Error, Result, store};

use crate::cursor;
use crate::filter::{self, CustomerFilter, CustomerSelector, CustomersSelector, Selected};
use crate::tag;
use crate::types::{Customer, CustomerConnection, PaginatedCustomers, Pagination, Tag, User};

/// Maximum number of customers per page.
const MAX_PAGE_SIZE: i32 = 100;

/// The queries.
pub(crate) struct Query;

/// Operations that read records.
#[Object]
impl Query {
    /// Lists customers, newest first, by cursor.
    #[graphql(complexity = "1 + usize::try_from(first).unwrap_or(0).min(100) * child_complexity")]
    async fn infinite_customers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Number of customers, from 1 to 100.")] first: i32,
        #[graphql(desc = "Cursor of the customer after which the list continues.")] after: Option<String>,
        #[graphql(desc = "Conditions on the customers.")] filter: Option<CustomerFilter>,
        #[graphql(desc = "Words to find in the names, email, phone numbers and address; or a customer id.")]
        search: Option<String>,
    ) -> async_graphql::Result<CustomerConnection> {
        let session = session::from_context(context)?;
        let selected = SelectedFields {
            total: context.look_ahead().field("totalCount").exists(),
            tags: context.look_ahead().field("edges").field("node").field("tags").exists(),
        };
        list_by_cursor(session, selected, first, after, filter, search)
            .boxed()
            .await
            .map_err(|e| session.field_error(e))
    }

    /// Lists customers, newest first, by page number.
    #[graphql(
        complexity = "1 + limit.map_or(20, |limit| usize::try_from(limit).unwrap_or(0)).min(100) * child_complexity"
    )]
    async fn paginated_customers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Page number, starting at 1. Defaults to 1.")] page: Option<i32>,
        #[graphql(desc = "Customers per page, from 1 to 100. Defaults to 20.")] limit: Option<i32>,
        #[graphql(desc = "Conditions on the customers.")] filter: Option<CustomerFilter>,
        #[graphql(desc = "Conditions by field and operator.")] selector: Option<CustomersSelector>,
        #[graphql(desc = "Words to find in the names, email, phone numbers and address; or a customer id.")]
        search: Option<String>,
    ) -> async_graphql::Result<PaginatedCustomers> {
        let session = session::from_context(context)?;
        let selection = context.look_ahead();
        let tags = selection.field("data").field("tags").exists()
            || selection.field("edges").field("node").field("tags").exists();
        let page = async {
            let (page, limit) =
                (page_number("page", page.unwrap_or(1))?, page_size("limit", limit.unwrap_or(20))?);
            let filter = filter::read(session, filter, selector).await?;
            let list = list_by_page(session, page, limit, filter, search);
            Ok(try_join(list, session.prefetch_tags(tags)).await?.0)
        };
        page.boxed().await.map_err(|e| session.field_error(e))
    }

    /// Returns one customer.
    #[graphql(complexity = "10 + child_complexity")]
    async fn customer(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Selects the customer.")] selector: CustomerSelector,
    ) -> Option<async_graphql::Result<Customer>> {
        let session = match session::from_context(context) {
            Ok(session) => session,
            Err(error) => return Some(Err(error)),
        };
        let tags = session.prefetch_tags(context.look_ahead().field("tags").exists());
        let found =
            try_join(select(session, selector), tags).boxed().await.map(|(customer, ())| customer.into());
        Some(found.map_err(|e| session.field_error(e)))
    }

    /// Lists all tags.
    #[graphql(complexity = "10 + 100 * child_complexity")]
    async fn tags(&self, context: &Context<'_>) -> async_graphql::Result<Vec<Tag>> {
        let session = session::from_context(context)?;
        let tags = session.tags().await.map_err(|e| session.field_error(e))?;
        Ok(tags.iter().cloned().map(Tag).collect())
    }

    /// Returns one tag.
    #[graphql(complexity = "10 + child_complexity")]
    async fn tag(&self, context: &Context<'_>, id: ID) -> Option<async_graphql::Result<Tag>> {
        let session = match session::from_context(context) {
            Ok(session) => session,
            Err(error) => return Some(Err(error)),
        };
        let found = async { session.store.tag_get(&session.tenant, &tag::read_id(&id)?).await };
        Some(found.boxed().await.map(Tag).map_err(|e| session.field_error(e)))
    }

    /// Returns the authenticated API key, in the format of a user.
    async fn me(&self, context: &Context<'_>) -> async_graphql::Result<User> {
        let session = session::from_context(context)?;
        Ok(User { id: ID(session.key_id.as_str().to_owned()), email: None })
    }
}

/// The fields of a list that need further reads if the document selects them.
#[derive(Clone, Copy)]
struct SelectedFields {
    total: bool,
    tags: bool,
}

async fn list_by_cursor(
    session: &Session,
    selected: SelectedFields,
    first: i32,
    after: Option<String>,
    filter: Option<CustomerFilter>,
    search: Option<String>,
) -> Result<CustomerConnection> {
    let limit = page_size("first", first)?;
    let after = after.map(|after| cursor::read(&after)).transpose()?;
    let filter = filter::read(session, filter, None).await?;
    let search = search.as_deref().map(SearchQuery::parse).transpose()?.flatten();
    let query = CustomerQuery { filter, search, ..CustomerQuery::default() };
    let list = read_connection(session, selected.total, &query, after, limit);
    Ok(try_join(list, session.prefetch_tags(selected.tags)).await?.0)
}

async fn read_connection(
    session: &Session,
    total: bool,
    query: &CustomerQuery,
    after: Option<CustomerNumber>,
    limit: usize,
) -> Result<CustomerConnection> {
    let Session { store, tenant, key_id, .. } = session;
    let position = after.map(Position::at);
    let request = PageRequest::After { position, limit, total, walker: Some(key_id) };
    let page = store.customers(tenant, query, request, session.budget).await?;
    let next = page.next.map(|next| next.number);
    Ok(CustomerConnection { customers: customers(page.customers), next, total: page.total })
}

fn customers(listed: Vec<store::ListedCustomer>) -> Vec<Customer> {
    listed.into_iter().map(|listed| Customer::from(listed.customer)).collect()
}

async fn list_by_page(
    session: &Session,
    page: u64,
    limit: usize,
    filter: store::CustomerFilter,
    search: Option<String>,
) -> Result<PaginatedCustomers> {
    let Session { store, tenant, key_id, .. } = session;
    let search = search.as_deref().map(SearchQuery::parse).transpose()?.flatten();
    let query = CustomerQuery { filter, search, ..CustomerQuery::default() };
    let request = PageRequest::Page { page, limit, walker: key_id };
    let found = store.customers(tenant, &query, request, session.budget).await?;
    let total = found.total.ok_or_else(|| Error::broken("a page was read without its total"))?;
    let mut total_pages = total.count().div_ceil(limit as u64);
    if found.next.is_some() {
        // Deletes on earlier pages reduce the total but not the number of customers after this page.
        total_pages = total_pages.max(page + 1);
    }
    let int = |number: u64| i32::try_from(number).unwrap_or(i32::MAX);
    let pagination = Pagination {
        total: session.total(total),
        page: int(page),
        limit: int(limit as u64),
        total_pages: int(total_pages),
    };
    Ok(PaginatedCustomers { customers: customers(found.customers), pagination })
}

async fn select(session: &Session, selector: CustomerSelector) -> Result<model::Customer> {
    let Session { store, tenant, .. } = session;
    match selector.read()? {
        Selected::Number(None) => Err(Error::NotFound("Customer")),
        Selected::Number(Some(number)) => {
            store.customer_get(tenant, tenant.customer_uuid(number), false).await
        }
        Selected::Condition(condition) => {
            let filter =
                store::CustomerFilter { conditions: vec![condition], ..store::CustomerFilter::default() };
            let request = PageRequest::After { position: None, limit: 1, total: false, walker: None };
            let query = CustomerQuery::of(filter);
            let found = store.customers(tenant, &query, request, session.selection_budget).await?;
            let listed = found.customers.into_iter().next().ok_or(Error::NotFound("Customer"))?;
            Ok(listed.customer)
        }
    }
}

/// Checks the number of customers that a client requests.
///
/// # Errors
/// Returns [`Error::Invalid`] if the number is not between 1 and [`MAX_PAGE_SIZE`].
fn page_size(name: &str, count: i32) -> Result<usize> {
    let count = usize::try_from(count).ok().filter(|_| (1..=MAX_PAGE_SIZE).contains(&count));
    count.ok_or_else(|| Error::invalid(name, format!("must be between 1 and {MAX_PAGE_SIZE}")))
}

fn page_number(name: &str, number: i32) -> Result<u64> {
    let number = u64::try_from(number).ok().filter(|number| *number > 0);
    number.ok_or_else(|| Error::invalid(name, "must be 1 or more"))
}
