//! What can be asked without changing anything.

use async_graphql::{Context, ID, Object};
use futures::FutureExt;
use futures::future::try_join;

use clientele_shared::model::{self, CustomerNumber};
use clientele_shared::rules::search::SearchQuery;
use clientele_shared::{Error, Result, store};

use crate::cursor;
use crate::filter::{self, CustomerFilter, CustomerSelector, CustomersSelector, Selected};
use crate::session::{self, Session};
use crate::tag;
use crate::types::{Customer, CustomerConnection, PaginatedCustomers, Pagination, Tag, User};

/// Customers to a page at the most.
const MAX_PAGE: i32 = 100;

/// The queries.
pub(crate) struct Query;

/// What can be asked without changing anything.
#[Object]
impl Query {
    /// Customers, the newest first, read on by cursor.
    #[graphql(complexity = "1 + usize::try_from(first).unwrap_or(0).min(100) * child_complexity")]
    async fn infinite_customers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Reads on after the customer with this cursor.")] after: Option<String>,
        #[graphql(desc = "Only these customers.")] filter: Option<CustomerFilter>,
        #[graphql(desc = "Only customers that are found by these words.")] search: Option<String>,
    ) -> async_graphql::Result<CustomerConnection> {
        let session = session::of(context)?;
        let wanted = Wanted {
            total: context.look_ahead().field("totalCount").exists(),
            tags: context.look_ahead().field("edges").field("node").field("tags").exists(),
        };
        infinite(session, wanted, first, after, filter, search).boxed().await.map_err(|e| session.refuse(e))
    }

    /// Customers, the newest first, by page number.
    #[graphql(
        complexity = "1 + limit.map_or(20, |limit| usize::try_from(limit).unwrap_or(0)).min(100) * child_complexity"
    )]
    async fn paginated_customers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The page, from 1; 1.")] page: Option<i32>,
        #[graphql(desc = "Customers to a page, 1 to 100; 20.")] limit: Option<i32>,
        #[graphql(desc = "Only these customers.")] filter: Option<CustomerFilter>,
        #[graphql(desc = "Only these customers, by field and operator.")] selector: Option<CustomersSelector>,
        #[graphql(desc = "Only customers that are found by these words.")] search: Option<String>,
    ) -> async_graphql::Result<PaginatedCustomers> {
        let session = session::of(context)?;
        let look = context.look_ahead();
        let tags = look.field("data").field("tags").exists()
            || look.field("edges").field("node").field("tags").exists();
        let asked = async {
            let (page, limit) =
                (at_least_one("page", page.unwrap_or(1))?, within("limit", limit.unwrap_or(20))?);
            let filter = filter::read(session, filter, selector).await?;
            let list = paginated(session, page, limit, filter, search);
            Ok(try_join(list, session.tags_ahead(tags)).await?.0)
        };
        asked.boxed().await.map_err(|e| session.refuse(e))
    }

    /// One customer.
    #[graphql(complexity = "10 + child_complexity")]
    async fn customer(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Names the customer.")] selector: CustomerSelector,
    ) -> Option<async_graphql::Result<Customer>> {
        let session = match session::of(context) {
            Ok(session) => session,
            Err(error) => return Some(Err(error)),
        };
        let tags = session.tags_ahead(context.look_ahead().field("tags").exists());
        let found =
            try_join(one(session, selector), tags).boxed().await.map(|(customer, ())| customer.into());
        Some(found.map_err(|e| session.refuse(e)))
    }

    /// Every tag.
    #[graphql(complexity = "10 + child_complexity")]
    async fn tags(&self, context: &Context<'_>) -> async_graphql::Result<Vec<Tag>> {
        let session = session::of(context)?;
        let tags = session.tags().await.map_err(|e| session.refuse(e))?;
        Ok(tags.iter().cloned().map(Tag).collect())
    }

    /// One tag.
    #[graphql(complexity = "10 + child_complexity")]
    async fn tag(&self, context: &Context<'_>, id: ID) -> Option<async_graphql::Result<Tag>> {
        let session = match session::of(context) {
            Ok(session) => session,
            Err(error) => return Some(Err(error)),
        };
        let found = async { session.store.tag_get(&session.tenant, &tag::read_id(&id)?).await };
        Some(found.boxed().await.map(Tag).map_err(|e| session.refuse(e)))
    }

    /// Who calls.
    async fn me(&self, context: &Context<'_>) -> async_graphql::Result<User> {
        let session = session::of(context)?;
        Ok(User { id: ID(session.key_id.as_str().to_owned()), email: None })
    }
}

/// What of a list is asked for beside its customers.
#[derive(Clone, Copy)]
struct Wanted {
    total: bool,
    tags: bool,
}

async fn infinite(
    session: &Session,
    wanted: Wanted,
    first: i32,
    after: Option<String>,
    filter: Option<CustomerFilter>,
    search: Option<String>,
) -> Result<CustomerConnection> {
    let limit = within("first", first)?;
    let after = after.map(|after| cursor::read(&after)).transpose()?;
    let filter = filter::read(session, filter, None).await?;
    let search = search.as_deref().and_then(SearchQuery::parse);
    let list = stretch(session, wanted.total, &filter, search.as_ref(), after, limit);
    Ok(try_join(list, session.tags_ahead(wanted.tags)).await?.0)
}

async fn stretch(
    session: &Session,
    total: bool,
    filter: &store::CustomerFilter,
    search: Option<&SearchQuery>,
    after: Option<CustomerNumber>,
    limit: usize,
) -> Result<CustomerConnection> {
    let Session { store, tenant, .. } = session;
    let (customers, has_more, total) = if total {
        let page = store.customer_list_after(tenant, filter, search, after, limit).await?;
        (page.customers, page.has_more, Some(page.total))
    } else {
        let (customers, has_more) = store.customers_after(tenant, filter, search, after, limit).await?;
        (customers, has_more, None)
    };
    Ok(CustomerConnection { customers: customers.into_iter().map(Customer::from).collect(), has_more, total })
}

async fn paginated(
    session: &Session,
    page: u64,
    limit: usize,
    filter: store::CustomerFilter,
    search: Option<String>,
) -> Result<PaginatedCustomers> {
    let Session { store, tenant, key_id, .. } = session;
    let search = search.as_deref().and_then(SearchQuery::parse);
    let given = store.customer_list_page(tenant, key_id, &filter, search.as_ref(), page, limit).await?;
    let mut total_pages = given.total.count().div_ceil(limit as u64);
    if given.has_more {
        // Deletes in the pages before this one take from the total, not from what comes after it.
        total_pages = total_pages.max(page + 1);
    }
    let int = |number: u64| i32::try_from(number).unwrap_or(i32::MAX);
    let pagination = Pagination {
        total: session.total(given.total),
        page: int(page),
        limit: int(limit as u64),
        total_pages: int(total_pages),
    };
    Ok(PaginatedCustomers {
        customers: given.customers.into_iter().map(Customer::from).collect(),
        pagination,
    })
}

async fn one(session: &Session, selector: CustomerSelector) -> Result<model::Customer> {
    let Session { store, tenant, .. } = session;
    match selector.read()? {
        Selected::Number(None) => Err(Error::NotFound("Customer")),
        Selected::Number(Some(number)) => {
            store.customer_get(tenant, tenant.customer_uuid(number), false).await
        }
        Selected::Condition(condition) => {
            let filter =
                store::CustomerFilter { conditions: vec![condition], ..store::CustomerFilter::default() };
            let (mut found, _) = store.customers_after(tenant, &filter, None, None, 1).await?;
            found.pop().ok_or(Error::NotFound("Customer"))
        }
    }
}

/// How many customers are asked for.
fn within(name: &str, count: i32) -> Result<usize> {
    let count = usize::try_from(count).ok().filter(|_| (1..=MAX_PAGE).contains(&count));
    count.ok_or_else(|| Error::invalid(name, format!("must be between 1 and {MAX_PAGE}")))
}

fn at_least_one(name: &str, number: i32) -> Result<u64> {
    let number = u64::try_from(number).ok().filter(|number| *number > 0);
    number.ok_or_else(|| Error::invalid(name, "must be 1 or more"))
}
