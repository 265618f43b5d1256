//! Customers by identity: by uuid, by number, and by email.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::index::{KeyCursor, KeyRange};
use super::query::Direction;
use crate::model::{Customer, CustomerNumber, Figures, Tenant};
use crate::rules::entries::Mark;
use crate::rules::fold;
use crate::store::Store;
use crate::store::items::record::{
    RECORD_ATTRIBUTES, Record, Unreadable, to_customer, to_customer_or, to_record,
};
use crate::store::items::{Item, figures, text, text_in};
use crate::table::keys::{self, Key, attribute};
use crate::{Error, Result};

/// How many customers with one email are read at the same time.
const EMAIL_BATCH: usize = 100;

/// Whether a customer has this email, as emails are compared.
pub(in crate::store) fn has_email(customer: &Customer, email: &str) -> bool {
    customer.fields.email.as_deref().is_some_and(|own| fold::email(own) == fold::email(email))
}

/// A customer that is not deleted, and the items whose keys begin with its record's.
#[derive(Debug)]
pub(in crate::store) struct CustomerItems {
    pub(in crate::store) customer: Customer,
    pub(in crate::store) figures: Figures,
    /// The item of its credit checks.
    pub(in crate::store) credit: Option<Item>,
}

impl Store {
    /// Returns the customer with this uuid: one round trip, one read unit for each 4 KB.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the tenant has no such customer, or has soft-deleted it and `include_deleted` is
    /// off.
    pub async fn customer_get(&self, tenant: &Tenant, uuid: Uuid, include_deleted: bool) -> Result<Customer> {
        let found = self.item_get(&keys::customer(tenant, uuid), "reading a customer").await?;
        let customer = found.map(to_customer).transpose()?;
        customer
            .filter(|customer| include_deleted || customer.deleted_at.is_none())
            .ok_or(Error::NotFound("Customer"))
    }

    /// Returns the customer with this uuid, and its figures: one round trip, one read unit for each 4 KB of both.
    ///
    /// # Errors
    /// Returns [`Error::NotFound`] if the tenant has no such customer, or has soft-deleted it.
    pub async fn customer_with_figures(&self, tenant: &Tenant, uuid: Uuid) -> Result<(Customer, Figures)> {
        let CustomerItems { customer, figures, .. } = self.customer_items(tenant, uuid).await?;
        Ok((customer, figures))
    }

    /// The customer with this uuid and the items whose keys begin with its record's, told apart by their sort keys.
    pub(in crate::store) async fn customer_items(
        &self,
        tenant: &Tenant,
        uuid: Uuid,
    ) -> Result<CustomerItems> {
        let record = keys::customer(tenant, uuid);
        let query = self
            .partition_query(&record.pk)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :record)")
            .expression_attribute_names("#sk", attribute::SK)
            .expression_attribute_values(":record", text(&record.sk))
            .consistent_read(true);
        let items = self.query_items(query, "reading a customer").await?.into_iter();
        let with_sort_key = |item: Item| Ok((text_in(&item, attribute::SK)?.to_owned(), item));
        let mut items: BTreeMap<String, Item> = items.map(with_sort_key).collect::<Result<_>>()?;
        let customer = items.remove(&record.sk).map(to_customer).transpose()?;
        let live = customer.filter(|customer| customer.deleted_at.is_none());
        let figures = items.remove(&keys::figures(tenant, uuid).sk).map(figures::to_figures).transpose()?;
        Ok(CustomerItems {
            customer: live.ok_or(Error::NotFound("Customer"))?,
            figures: figures.unwrap_or_default(),
            credit: items.remove(&keys::credit(tenant, uuid).sk),
        })
    }

    /// Returns the figures of the customer with this uuid, which are all zero if there is no such customer: one round trip, one
    /// read unit.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn figures_get(&self, tenant: &Tenant, uuid: Uuid) -> Result<Figures> {
        let item = self.item_get(&keys::figures(tenant, uuid), "reading a customer's figures").await?;
        Ok(item.map(figures::to_figures).transpose()?.unwrap_or_default())
    }

    /// Returns the customers of the tenant with these uuids, deleted ones too; others are left out.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn customers_by_uuid(
        &self,
        tenant: &Tenant,
        uuids: &BTreeSet<Uuid>,
    ) -> Result<BTreeMap<Uuid, Customer>> {
        let keys: Vec<Key> = uuids.iter().map(|uuid| keys::customer(tenant, *uuid)).collect();
        let customers =
            self.attributes_get(&keys, Some(&RECORD_ATTRIBUTES)).await?.into_iter().map(to_customer);
        customers.map(|customer| customer.map(|customer| (customer.uuid, customer))).collect()
    }

    /// Returns customers that have this email and are not deleted: all of them, or about `most` if there are more. On AWS,
    /// the index that is read follows the table by some milliseconds.
    ///
    /// # Errors
    /// Returns the errors of [`Self::customers_by_uuid`].
    pub async fn customers_by_email(
        &self,
        tenant: &Tenant,
        email: &str,
        most: usize,
    ) -> Result<Vec<Customer>> {
        let range = KeyRange::mark(tenant, &Mark::email(email), Direction::Descending, None);
        let mut cursor = KeyCursor::new(range, Direction::Descending);
        let mut customers = Vec::new();
        while !cursor.is_done && customers.len() < most {
            self.ranges_read(std::iter::once(&mut cursor), Some(EMAIL_BATCH)).await?;
            let uuids = cursor.keys.drain(..).map(|key| tenant.customer_uuid(key.number)).collect();
            let found = self.customers_by_uuid(tenant, &uuids).await?.into_values();
            customers
                .extend(found.filter(|customer| customer.deleted_at.is_none() && has_email(customer, email)));
        }
        Ok(customers)
    }

    /// The record with this uuid, as a write reads it.
    pub(in crate::store) async fn record_get(&self, tenant: &Tenant, uuid: Uuid) -> Result<Option<Record>> {
        let found = self.item_get(&keys::customer(tenant, uuid), "reading a customer").await?;
        found.map(to_record).transpose()
    }

    /// The records with these numbers that are not deleted.
    pub(in crate::store) async fn records_by_number(
        &self,
        tenant: &Tenant,
        numbers: &BTreeSet<CustomerNumber>,
    ) -> Result<BTreeMap<CustomerNumber, Record>> {
        let key = |number: &CustomerNumber| keys::customer(tenant, tenant.customer_uuid(*number));
        let keys: Vec<Key> = numbers.iter().map(key).collect();
        let records = self.attributes_get(&keys, Some(&RECORD_ATTRIBUTES)).await?.into_iter().map(to_record);
        let live = records
            .filter(|record| record.as_ref().map_or(true, |record| record.customer.deleted_at.is_none()));
        live.map(|record| record.map(|record| (record.customer.number, record))).collect()
    }

    /// The customers with these numbers, deleted ones too, with their figures if wanted; in no order.
    pub(super) async fn customers_with_figures(
        &self,
        tenant: &Tenant,
        numbers: impl Iterator<Item = CustomerNumber>,
        with_figures: bool,
        unreadable: Unreadable,
    ) -> Result<BTreeMap<CustomerNumber, (Customer, Option<Figures>)>> {
        let uuids = numbers.map(|number| tenant.customer_uuid(number));
        let keys: Vec<Key> = uuids
            .flat_map(|uuid| {
                let figures = with_figures.then(|| keys::figures(tenant, uuid));
                std::iter::once(keys::customer(tenant, uuid)).chain(figures)
            })
            .collect();
        let only: Option<&[&str]> = if with_figures { None } else { Some(&RECORD_ATTRIBUTES) };
        let items = self.attributes_get(&keys, only).await?.into_iter();
        let (records, figures): (Vec<Item>, Vec<Item>) =
            items.partition(|item| !with_figures || item.contains_key(attribute::NUMBER));
        let mut by_partition: BTreeMap<String, Figures> = BTreeMap::new();
        for item in figures {
            by_partition.insert(text_in(&item, attribute::PK)?.to_owned(), figures::to_figures(item)?);
        }
        let mut found = BTreeMap::new();
        for item in records {
            let Some(customer) = to_customer_or(item, unreadable)? else { continue };
            let figures = with_figures.then(|| {
                by_partition.remove(&keys::customer_partition(tenant, customer.uuid)).unwrap_or_default()
            });
            found.insert(customer.number, (customer, figures));
        }
        Ok(found)
    }
}
