//! What can be changed.

use std::collections::{BTreeSet, HashMap};

use async_graphql::{Context, ID, Object};
use futures::FutureExt;
use futures::future::try_join;

use clientele_shared::model::{self, CustomerNumber};
use clientele_shared::store::{IdempotentRequest, Updated, Write, WriteOutcome};
use clientele_shared::{Error, Result};

use crate::error;
use crate::input::{BulkUpdateCustomersInput, Change, CreateCustomerInput, UpdateCustomerInput};
use crate::schema::{WRITE, WRITE_MANY};
use crate::session::{self, Session};
use crate::tag::{self, CreateTagInput, UpdateTagInput};
use crate::types::{BulkUpdateError, BulkUpdateResult, Customer, Tag};

/// Customers to a bulk update at the most.
const MAX_IDS: usize = 500;

/// The mutations. Work is boxed, here and in the queries: what a field waits for is no part of the type of the
/// whole document's execution, which the compiler would have to lay out.
pub(crate) struct Mutation;

/// What can be changed, one after the other.
#[Object]
impl Mutation {
    /// Creates a customer. The header `Idempotency-Key` makes a retried request take effect once.
    #[graphql(complexity = "WRITE + child_complexity")]
    async fn create_customer(
        &self,
        context: &Context<'_>,
        input: CreateCustomerInput,
    ) -> async_graphql::Result<Customer> {
        let session = session::of(context)?;
        let field = WriteField::of(context);
        create(session, &field, input).boxed().await.map(Customer::from).map_err(|e| session.refuse(e))
    }

    /// Changes a customer: absent members stay, `null` clears.
    #[graphql(complexity = "WRITE + child_complexity")]
    async fn update_customer(
        &self,
        context: &Context<'_>,
        id: ID,
        input: UpdateCustomerInput,
    ) -> async_graphql::Result<Customer> {
        let session = session::of(context)?;
        let field = WriteField::of(context);
        update(session, &field, &id, input).boxed().await.map(Customer::from).map_err(|e| session.refuse(e))
    }

    /// Makes one change to many customers. Each is changed wholly or not at all; the others are not held up by
    /// one that cannot be changed.
    #[graphql(complexity = "WRITE_MANY + child_complexity")]
    async fn bulk_update_customers(
        &self,
        context: &Context<'_>,
        input: BulkUpdateCustomersInput,
    ) -> async_graphql::Result<BulkUpdateResult> {
        let session = session::of(context)?;
        bulk_update(session, input).boxed().await.map_err(|e| session.refuse(e))
    }

    /// Deletes a customer: an extension, for tenants that have turned on `pool-extensions`.
    #[graphql(complexity = "WRITE + child_complexity", visible = "has_extensions")]
    async fn delete_customer(&self, context: &Context<'_>, id: ID) -> async_graphql::Result<bool> {
        let session = session::of(context)?;
        delete(session, &id).boxed().await.map(|()| true).map_err(|e| session.refuse(e))
    }

    /// Makes a tag.
    #[graphql(complexity = "WRITE + child_complexity")]
    async fn create_tag(&self, context: &Context<'_>, input: CreateTagInput) -> async_graphql::Result<Tag> {
        let session = session::of(context)?;
        let made = async {
            let (name, color) = input.read()?;
            session.store.tag_create(&session.tenant, name, color, session.authorization()).await
        };
        let made = made.boxed().await;
        session.tags_changed();
        made.map(Tag).map_err(|e| session.refuse(e))
    }

    /// Changes a tag: absent members stay.
    #[graphql(complexity = "WRITE + child_complexity")]
    async fn update_tag(
        &self,
        context: &Context<'_>,
        id: ID,
        input: UpdateTagInput,
    ) -> async_graphql::Result<Tag> {
        let session = session::of(context)?;
        let changed = async {
            let (id, change) = (tag::read_id(&id)?, input.read()?);
            session.store.tag_update(&session.tenant, &id, change, session.authorization()).await
        };
        let changed = changed.boxed().await;
        session.tags_changed();
        changed.map(Tag).map_err(|e| session.refuse(e))
    }

    /// Deletes a tag, which no customer shows any more from then on.
    #[graphql(complexity = "WRITE + child_complexity")]
    async fn delete_tag(&self, context: &Context<'_>, id: ID) -> async_graphql::Result<bool> {
        let session = session::of(context)?;
        let deleted = async {
            session.store.tag_delete(&session.tenant, &tag::read_id(&id)?, session.authorization()).await
        };
        let deleted = deleted.boxed().await;
        session.tags_changed();
        deleted.map(|()| true).map_err(|e| session.refuse(e))
    }
}

/// Whether the tenant has turned on what the document does not have.
fn has_extensions(context: &Context<'_>) -> bool {
    session::of(context).is_ok_and(|session| session.settings.pool_extensions)
}

/// A field that writes a customer.
struct WriteField {
    /// What the field is called in the answer, which tells two of one document apart.
    name: String,
    /// Whether the customer's tags are asked for.
    tags: bool,
}

impl WriteField {
    fn of(context: &Context<'_>) -> Self {
        let field = context.field();
        Self {
            name: format!("pool-graphql {}", field.alias().unwrap_or_else(|| field.name())),
            tags: context.look_ahead().field("tags").exists(),
        }
    }
}

async fn create(
    session: &Session,
    field: &WriteField,
    input: CreateCustomerInput,
) -> Result<model::Customer> {
    let (fields, tags) = input.read(&session.settings)?;
    let Session { store, tenant, .. } = session;
    let authorization = Box::pin(async {
        let ahead = session.tags_ahead(field.tags || !tags.is_empty());
        let (rules, ()) = try_join(session.authorization(), ahead).await?;
        session.tag_ids("tagIds", &tags).await.map(|_| rules)
    });
    let write = Write { authorization, ..write(session, field) };
    let written = store.customer_create(tenant, fields, write).await?;
    customer_of(session, written).await
}

async fn update(
    session: &Session,
    field: &WriteField,
    id: &str,
    input: UpdateCustomerInput,
) -> Result<model::Customer> {
    let number = CustomerNumber::from_customer_id(id).ok_or(Error::NotFound("Customer"))?;
    session.tags_ahead(field.tags).await?;
    let change = input.read(session).await?;
    let Session { store, tenant, .. } = session;
    let uuid = tenant.customer_uuid(number);
    let written =
        store.customer_update(tenant, uuid, |fields| change.apply(fields), write(session, field)).await?;
    customer_of(session, written).await
}

async fn delete(session: &Session, id: &str) -> Result<()> {
    if !session.settings.pool_extensions {
        return Err(Error::Forbidden(
            "deleteCustomer is an extension that this tenant has not turned on".into(),
        ));
    }
    let number = CustomerNumber::from_customer_id(id).ok_or(Error::NotFound("Customer"))?;
    let Session { store, tenant, .. } = session;
    let write = Write { authorization: session.authorization(), ..Write::plain() };
    store.customer_delete(tenant, tenant.customer_uuid(number), write).await?;
    Ok(())
}

/// A write at any version; once, if the sender gave a key.
fn write<'a>(session: &'a Session, field: &WriteField) -> Write<'a> {
    let idempotency = session.repeatable.as_ref();
    let idempotency = idempotency
        .map(|request| IdempotentRequest::new(&request.key, &field.name, &[&request.body], &number_of));
    Write { expected_version: None, idempotency, authorization: session.authorization() }
}

/// What is kept of a write for its repetition: whom it was about.
fn number_of(customer: &model::Customer) -> Result<String> {
    Ok(customer.number.to_string())
}

/// The customer that a write was about: as it is now, where the write took effect before.
async fn customer_of(session: &Session, written: WriteOutcome) -> Result<model::Customer> {
    match written {
        WriteOutcome::Applied(customer) => Ok(*customer),
        WriteOutcome::Replayed(kept) => {
            let number = CustomerNumber::from_digits(&kept)
                .ok_or_else(|| Error::broken("a kept number cannot be read"))?;
            let Session { store, tenant, .. } = session;
            store.customer_get(tenant, tenant.customer_uuid(number), true).await
        }
    }
}

async fn bulk_update(session: &Session, input: BulkUpdateCustomersInput) -> Result<BulkUpdateResult> {
    let BulkUpdateCustomersInput { mut ids, update } = input;
    if ids.len() > MAX_IDS {
        return Err(Error::invalid("ids", format!("must be at most {MAX_IDS} ids")));
    }
    let mut seen = BTreeSet::new();
    ids.retain(|id| seen.insert(id.to_string()));
    let change: Change = update.read(session).await?;
    // What is wrong with the change itself is told once, and not for each customer.
    change.check()?;
    let numbers: HashMap<&str, CustomerNumber> =
        ids.iter().filter_map(|id| Some((id.as_str(), CustomerNumber::from_customer_id(id)?))).collect();
    let Session { store, tenant, .. } = session;
    let wanted: BTreeSet<CustomerNumber> = numbers.values().copied().collect();
    let apply = |fields| change.apply(fields);
    let Updated { updated, failed } =
        store.customers_update(tenant, &wanted, apply, session.authorization()).await?;
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
