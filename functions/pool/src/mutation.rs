//! The root fields that change records.

use std::collections::{BTreeSet, HashMap};

use async_graphql::{Context, ID, Object};
use futures::FutureExt;
use futures::future::try_join;

use clientele_functions_graphql::write::written_customer;
use clientele_functions_graphql::{Session, WriteField, session};
use clientele_shared::model::{self, CustomerNumber};
use clientele_shared::store::{Updated, Write};
use clientele_shared::{Error, Result};

use crate::error;
use crate::input::{BulkUpdateCustomersInput, Change, CreateCustomerInput, UpdateCustomerInput};
use crate::schema::{WRITE, WRITE_MANY};
use crate::settings::PoolSettings;
use crate::tag::{self, CreateTagInput, UpdateTagInput};
use crate::types::{BulkUpdateError, BulkUpdateResult, Customer, Tag};

/// Maximum number of customers in a bulk update.
const MAX_IDS: usize = 500;

/// The mutations. Futures are boxed, here and in the queries, so that they do not become part of the type of
/// the whole document's execution, which the compiler would have to lay out.
pub(crate) struct Mutation;

/// Operations that change records. The fields of a document run one after another.
#[Object]
impl Mutation {
    /// Creates a customer. With the header `Idempotency-Key`, a retried request takes effect only once.
    #[graphql(complexity = "WRITE + child_complexity")]
    async fn create_customer(
        &self,
        context: &Context<'_>,
        input: CreateCustomerInput,
    ) -> async_graphql::Result<Customer> {
        let session = session::from_context(context)?;
        create(context, session, input).boxed().await.map(Customer::from).map_err(|e| session.field_error(e))
    }

    /// Updates a customer. Absent fields keep their value; `null` clears it. With the header
    /// `Idempotency-Key`, a retried request takes effect only once.
    #[graphql(complexity = "WRITE + child_complexity")]
    async fn update_customer(
        &self,
        context: &Context<'_>,
        id: ID,
        input: UpdateCustomerInput,
    ) -> async_graphql::Result<Customer> {
        let session = session::from_context(context)?;
        update(context, session, &id, input)
            .boxed()
            .await
            .map(Customer::from)
            .map_err(|e| session.field_error(e))
    }

    /// Makes the same changes to many customers. Each customer is updated completely or not at all; a
    /// customer that cannot be updated does not prevent the others from being updated.
    #[graphql(complexity = "WRITE_MANY + child_complexity")]
    async fn bulk_update_customers(
        &self,
        context: &Context<'_>,
        input: BulkUpdateCustomersInput,
    ) -> async_graphql::Result<BulkUpdateResult> {
        let session = session::from_context(context)?;
        bulk_update(session, input).boxed().await.map_err(|e| session.field_error(e))
    }

    /// Deletes a customer. This is an extension, for tenants that have turned on `pool-extensions`. With the header
    /// `Idempotency-Key`, a retried request takes effect only once.
    #[graphql(complexity = "WRITE + child_complexity", visible = "has_extensions")]
    async fn delete_customer(&self, context: &Context<'_>, id: ID) -> async_graphql::Result<bool> {
        let session = session::from_context(context)?;
        delete(context, session, &id).boxed().await.map(|()| true).map_err(|e| session.field_error(e))
    }

    /// Creates a tag. With the header `Idempotency-Key`, a retried request takes effect only once.
    #[graphql(complexity = "WRITE + child_complexity")]
    async fn create_tag(&self, context: &Context<'_>, input: CreateTagInput) -> async_graphql::Result<Tag> {
        let session = session::from_context(context)?;
        let key = WriteField::next(session).idempotency_key(session);
        let created = async {
            let (name, color) = input.read()?;
            let Session { store, tenant, .. } = session;
            session
                .written(store.tag_create(tenant, name, color, key.as_ref(), session.authorization()).await)
        };
        let created = created.boxed().await;
        session.invalidate_tags();
        created.map(Tag).map_err(|e| session.field_error(e))
    }

    /// Updates a tag. Absent fields keep their value.
    #[graphql(complexity = "WRITE + child_complexity")]
    async fn update_tag(
        &self,
        context: &Context<'_>,
        id: ID,
        input: UpdateTagInput,
    ) -> async_graphql::Result<Tag> {
        let session = session::from_context(context)?;
        let updated = async {
            let (id, change) = (tag::read_id(&id)?, input.read()?);
            session.written(
                session.store.tag_update(&session.tenant, &id, change, session.authorization()).await,
            )
        };
        let updated = updated.boxed().await;
        session.invalidate_tags();
        updated.map(Tag).map_err(|e| session.field_error(e))
    }

    /// Deletes a tag. No customer shows it any more.
    #[graphql(complexity = "WRITE + child_complexity")]
    async fn delete_tag(&self, context: &Context<'_>, id: ID) -> async_graphql::Result<bool> {
        let session = session::from_context(context)?;
        let deleted = async {
            session.written(
                session.store.tag_delete(&session.tenant, &tag::read_id(&id)?, session.authorization()).await,
            )
        };
        let deleted = deleted.boxed().await;
        session.invalidate_tags();
        deleted.map(|()| true).map_err(|e| session.field_error(e))
    }
}

/// Returns whether the tenant has turned on extensions to the pool API.
fn has_extensions(context: &Context<'_>) -> bool {
    PoolSettings::of(context).is_ok_and(|settings| settings.extensions)
}

fn settings<'a>(context: &Context<'a>) -> Result<&'a PoolSettings> {
    PoolSettings::of(context).map_err(|error| Error::broken(error.message))
}

/// Returns whether the document selects the tags of the customer that the field returns.
fn selects_tags(context: &Context<'_>) -> bool {
    context.look_ahead().field("tags").exists()
}

async fn create(
    context: &Context<'_>,
    session: &Session,
    input: CreateCustomerInput,
) -> Result<model::Customer> {
    let field = WriteField::next(session);
    let fields = input.read(settings(context)?)?;
    let tags = fields.tag_ids.clone();
    let selects_tags = selects_tags(context);
    let Session { store, tenant, .. } = session;
    let authorization = Box::pin(async {
        let tags_read = session.prefetch_tags(selects_tags || !tags.is_empty());
        let (rules, ()) = try_join(session.authorization(), tags_read).await?;
        tag::require(session, "tagIds", &tags).await.map(|()| rules)
    });
    let write = Write { authorization, ..field.write(session) };
    let outcome = session.written(store.customer_create(tenant, fields, write).await)?;
    written_customer(session, outcome).await
}

async fn update(
    context: &Context<'_>,
    session: &Session,
    id: &str,
    input: UpdateCustomerInput,
) -> Result<model::Customer> {
    let write = WriteField::next(session).write(session);
    let number = CustomerNumber::from_customer_id(id).ok_or(Error::NotFound("Customer"))?;
    session.prefetch_tags(selects_tags(context)).await?;
    let change = input.read(session).await?;
    let Session { store, tenant, .. } = session;
    let uuid = tenant.customer_uuid(number);
    let written = store.customer_update(tenant, uuid, |fields| change.apply(fields), write).await;
    let outcome = session.written(written)?;
    written_customer(session, outcome).await
}

async fn delete(context: &Context<'_>, session: &Session, id: &str) -> Result<()> {
    let write = WriteField::next(session).write(session);
    if !settings(context)?.extensions {
        return Err(Error::Forbidden(
            "deleteCustomer is an extension; turn on the tenant's setting `pool-extensions` to use it".into(),
        ));
    }
    let number = CustomerNumber::from_customer_id(id).ok_or(Error::NotFound("Customer"))?;
    let Session { store, tenant, .. } = session;
    let deleted = store.customer_delete(tenant, tenant.customer_uuid(number), write).await;
    session.written(deleted).map(drop)
}

async fn bulk_update(session: &Session, input: BulkUpdateCustomersInput) -> Result<BulkUpdateResult> {
    let BulkUpdateCustomersInput { mut ids, update } = input;
    if ids.len() > MAX_IDS {
        return Err(Error::invalid("ids", format!("must have at most {MAX_IDS} ids")));
    }
    let mut seen = BTreeSet::new();
    ids.retain(|id| seen.insert(id.to_string()));
    let change: Change = update.read(session).await?;
    // Report an error in the change itself once, not for each customer.
    change.check()?;
    let numbers: HashMap<&str, CustomerNumber> =
        ids.iter().filter_map(|id| Some((id.as_str(), CustomerNumber::from_customer_id(id)?))).collect();
    let Session { store, tenant, .. } = session;
    let targets: BTreeSet<CustomerNumber> = numbers.values().copied().collect();
    let apply = |fields| change.apply(fields);
    let written = store.customers_update(tenant, &targets, apply, session.authorization()).await;
    let Updated { updated, failed } = session.written(written)?;
    let error_of = |id: &ID| match numbers.get(id.as_str()) {
        None => Some(error::message(&Error::NotFound("Customer"))),
        Some(number) => failed.get(number).map(error::message),
    };
    let errors: Vec<BulkUpdateError> = ids
        .iter()
        .filter_map(|id| Some(BulkUpdateError { id: id.clone(), message: error_of(id)? }))
        .collect();
    let updated_count = i32::try_from(updated.len()).unwrap_or(i32::MAX);
    Ok(BulkUpdateResult { success: errors.is_empty(), updated_count, errors })
}
