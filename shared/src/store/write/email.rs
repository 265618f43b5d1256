//! Emails that no two customers of a tenant may share, where the tenant's setting says so.
//!
//! A customer's commit puts a claim to its email beside the record. A claim decides nothing by itself: the record
//! of its owner does. One whose owner has given the email up, or is deleted, is taken over by the next who wants
//! the email, on condition that it is still as it was read; so of two who want it at once, one wins. Customers from
//! the time before the setting have no claim, and are found by the search index.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use futures::future::try_join;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::digest;
use crate::model::{Customer, CustomerFields, Tenant};
use crate::rules::fold;
use crate::store::Store;
use crate::store::calls::finish_put;
use crate::store::items::{Item, key_item, number, text};
use crate::store::read::has_email;
use crate::table::keys::{self, Key, attribute};
use crate::{Error, Result};

/// A claim as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Claim {
    owner: Uuid,
    /// The version of its owner that it was made with. It grows with each claim, so that an owner who gives the
    /// email up and takes it again shows.
    version: u64,
}

/// A claim to be put by a commit, if what is there is still as it was read.
#[derive(Debug)]
pub(in crate::store) struct EmailClaim {
    key: Key,
    before: Option<Claim>,
}

/// Whether a change of a customer has to claim its email: when it comes to have one, or comes back with one.
pub(in crate::store) fn needs_email_claim(old: &Customer, new: &Customer) -> bool {
    let email = new.fields.email.as_deref();
    new.deleted_at.is_none() && email.is_some_and(|email| old.deleted_at.is_some() || !has_email(old, email))
}

impl Store {
    /// [`Self::email_claim`], where one is needed.
    pub(in crate::store) async fn email_claim_if(
        &self,
        needed: bool,
        tenant: &Tenant,
        own: Option<Uuid>,
        fields: &CustomerFields,
    ) -> Result<Option<EmailClaim>> {
        if needed { self.email_claim(tenant, own, fields).await } else { Ok(None) }
    }

    /// The claim of a customer (`None`: one that is yet to be created) to the email in these fields, if there is one.
    ///
    /// # Errors
    /// [`Error::DuplicateEmail`] when another customer has the email.
    pub(in crate::store) async fn email_claim(
        &self,
        tenant: &Tenant,
        own: Option<Uuid>,
        fields: &CustomerFields,
    ) -> Result<Option<EmailClaim>> {
        let Some(email) = fields.email.as_deref() else { return Ok(None) };
        let key = keys::email_claim(tenant, &digest(&[&fold::email(email)]));
        let (claim, taken) =
            try_join(self.email_claim_read(&key), self.email_is_indexed(tenant, own, email)).await?;
        if taken || self.email_is_claimed(tenant, own, claim.as_ref(), email).await? {
            return Err(Error::DuplicateEmail);
        }
        Ok(Some(EmailClaim { key, before: claim }))
    }

    async fn email_claim_read(&self, key: &Key) -> Result<Option<Claim>> {
        let item = self.item_get(key, "reading the claim to an email").await?;
        let claim = item.map(serde_dynamo::from_item).transpose();
        claim.map_err(|e| Error::internal("reading the claim to an email", e))
    }

    /// Whether the index holds another customer that has the email.
    async fn email_is_indexed(&self, tenant: &Tenant, own: Option<Uuid>, email: &str) -> Result<bool> {
        // One of two is another one.
        let found = self.customers_by_email(tenant, email, 2).await?;
        Ok(found.iter().any(|customer| Some(customer.uuid) != own))
    }

    /// Whether the claim belongs to another customer that still has the email.
    async fn email_is_claimed(
        &self,
        tenant: &Tenant,
        own: Option<Uuid>,
        claim: Option<&Claim>,
        email: &str,
    ) -> Result<bool> {
        let Some(owner) = claim.map(|claim| claim.owner).filter(|owner| Some(*owner) != own) else {
            return Ok(false);
        };
        let holder = self.record_get(tenant, owner).await?.map(|record| record.customer);
        Ok(holder.is_some_and(|customer| customer.deleted_at.is_none() && has_email(&customer, email)))
    }

    /// The put of a claim for this customer.
    pub(in crate::store) fn email_claim_put(
        &self,
        claim: &EmailClaim,
        customer: &Customer,
    ) -> Result<TransactWriteItem> {
        let new = Claim { owner: customer.uuid, version: customer.version };
        let mut item: Item =
            serde_dynamo::to_item(new).map_err(|e| Error::internal("writing the claim to an email", e))?;
        item.extend(key_item(&claim.key));
        let put = Put::builder().table_name(&*self.table).set_item(Some(item));
        finish_put(match &claim.before {
            None => put
                .condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", attribute::PK),
            Some(before) => put
                .condition_expression("#owner = :owner AND #version = :version")
                .expression_attribute_names("#owner", "owner")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":owner", text(before.owner.to_string()))
                .expression_attribute_values(":version", number(before.version)),
        })
    }
}
