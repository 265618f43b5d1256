//! The root fields that change records.

use std::collections::BTreeSet;

use async_graphql::{Context, ID, MaybeUndefined, Object};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};

use clientele_functions_graphql::write::written_customer;
use clientele_functions_graphql::{Session, WriteField, session};
use clientele_shared::model::{CustomerFields, CustomerNumber};
use clientele_shared::rules::size;
use clientele_shared::{Error, Result};

use crate::error::{self, not_found};
use crate::input::{InputCustomer, InputUpdateCustomer};
use crate::schema::WRITE;
use crate::types::Customer;
use crate::{id, tags};

/// Maximum number of customers in one deletion.
const MAX_ITEMS: usize = 100;

/// Number of customers that are deleted at the same time.
const CONCURRENT: usize = 10;

/// The mutations.
pub(crate) struct Mutation;

/// Operations that change records. The fields of a document run one after another.
#[Object]
impl Mutation {
    /// Creates a customer. With the header `Idempotency-Key`, a retried request takes effect only once.
    #[graphql(complexity = "WRITE + child_complexity")]
    async fn create_customer(
        &self,
        context: &Context<'_>,
        node: InputCustomer,
    ) -> async_graphql::Result<Customer> {
        let session = session::from_context(context)?;
        create(session, node.into()).boxed().await.map_err(|e| session.field_error(e))
    }

    /// Updates a customer. Absent fields keep their value; `null` clears it. With the header `Idempotency-Key`, a retried
    /// request takes effect only once.
    #[graphql(complexity = "WRITE + child_complexity")]
    async fn update_customer(
        &self,
        context: &Context<'_>,
        node: InputUpdateCustomer,
        id: ID,
    ) -> async_graphql::Result<Customer> {
        let session = session::from_context(context)?;
        update(session, &id, node).boxed().await.map_err(|e| session.field_error(e))
    }

    /// Deletes customers and returns their ids. The id of a customer that cannot be deleted is `null`, with an error; the
    /// others are deleted all the same.
    #[graphql(complexity = "items.len().saturating_mul(WRITE) + child_complexity")]
    async fn delete_customers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Ids of the customers, at most 100.")] items: Vec<ID>,
    ) -> async_graphql::Result<Vec<Option<ID>>> {
        let session = session::from_context(context)?;
        let deleted = delete_all(session, &items).boxed().await;
        let deleted = deleted.map_err(|e| session.field_error(e))?;
        let ids = items.iter().enumerate().map(|(at, item)| {
            let number = id::customer(item).filter(|number| deleted.contains(number));
            if number.is_none() {
                let error = not_found(&format!("items.{at}"));
                context.add_error(error.into_server_error(context.item.pos));
            }
            number.map(|number| id::write("Customer", number))
        });
        Ok(ids.collect())
    }
}

async fn create(session: &Session, input: InputUpdateCustomer) -> Result<Customer> {
    let write = WriteField::next(session).write(session);
    let mut fields = input.create()?;
    if let MaybeUndefined::Value(names) = &input.tags {
        let check = async { size::check(&fields).map_err(error::in_node) };
        fields.tag_ids = tags::ids(session, &tags::read_names(names)?, check).await?;
    }
    let Session { store, tenant, .. } = session;
    let written = store.customer_create(tenant, fields, write).await.map_err(error::in_node);
    let outcome = session.written(written)?;
    Ok(Customer::new(written_customer(session, outcome).await?, None))
}

async fn update(session: &Session, id: &str, input: InputUpdateCustomer) -> Result<Customer> {
    let write = WriteField::next(session).write(session);
    let number = id::customer(id).ok_or(Error::NotFound("Customer"))?;
    let Session { store, tenant, .. } = session;
    let uuid = tenant.customer_uuid(number);
    // New tags are created only for a change that can be made.
    let check = async {
        let customer = store.customer_get(tenant, uuid, false).await?;
        size::check(&input.apply(customer.fields)?).map_err(error::in_node)
    };
    let tag_ids = match &input.tags {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(Vec::new()),
        MaybeUndefined::Value(names) => Some(tags::ids(session, &tags::read_names(names)?, check).await?),
    };
    let change = |fields| {
        let fields = input.apply(fields)?;
        Ok(match &tag_ids {
            Some(tag_ids) => CustomerFields { tag_ids: tag_ids.clone(), ..fields },
            None => fields,
        })
    };
    let written = store.customer_update(tenant, uuid, change, write).await.map_err(error::in_node);
    let outcome = session.written(written)?;
    Ok(Customer::new(written_customer(session, outcome).await?, None))
}

/// Deletes customers, each once. Returns those that existed.
async fn delete_all(session: &Session, items: &[ID]) -> Result<BTreeSet<CustomerNumber>> {
    let field = WriteField::next(session);
    if items.len() > MAX_ITEMS {
        return Err(Error::invalid("items", format!("must have at most {MAX_ITEMS} ids")));
    }
    let numbers: BTreeSet<CustomerNumber> = items.iter().filter_map(|item| id::customer(item)).collect();
    let Session { store, tenant, .. } = session;
    let deletions = numbers.into_iter().enumerate().map(|(nth, number)| {
        let write = field.element(nth).write(session);
        async move {
            let deleted = store.customer_delete(tenant, tenant.customer_uuid(number), write).await;
            match session.written(deleted) {
                Ok(_) => Ok(Some(number)),
                Err(Error::NotFound(_)) => Ok(None),
                Err(error) => Err(error),
            }
        }
    });
    let deleted = stream::iter(deletions).buffer_unordered(CONCURRENT).try_collect::<Vec<_>>().await?;
    Ok(deleted.into_iter().flatten().collect())
}
