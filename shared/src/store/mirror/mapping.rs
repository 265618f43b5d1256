//! Mappings of customers to their counterparts in QuickBooks, and links back from objects there.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Customer, CustomerNumber, Link, Mapping, MirroredEntity, QuickBooksId, RealmId, Tenant};
use crate::store::Store;
use crate::store::documents::{from_item, to_item};
use crate::store::items::record::to_customer;
use crate::store::items::{Item, integer_in, text_in};
use crate::table::keys::{self, Key, attribute};
use crate::{Error, Result};

/// The attribute with the number of writes of a mapping, for conditions.
pub(super) const REVISION: &str = "revision";

/// A customer and its mapping, as they are stored at one moment each.
pub type MappedCustomer = (Customer, Option<Mapping>);

impl Store {
    /// Returns the customers with these numbers, deleted ones too, each with its mapping: strongly consistent.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn mapped_customers(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        numbers: &BTreeSet<CustomerNumber>,
    ) -> Result<BTreeMap<CustomerNumber, MappedCustomer>> {
        let keys: Vec<Key> = numbers
            .iter()
            .map(|number| tenant.customer_uuid(*number))
            .flat_map(|uuid| [keys::customer(tenant, uuid), keys::mapping(tenant, uuid, realm)])
            .collect();
        let (records, mappings): (Vec<Item>, Vec<Item>) =
            self.items_get(&keys).await?.into_iter().partition(|item| item.contains_key(attribute::NUMBER));
        let mut by_partition: BTreeMap<String, Mapping> = BTreeMap::new();
        for item in mappings {
            by_partition.insert(text_in(&item, attribute::PK)?.to_owned(), to_mapping(&item)?);
        }
        let with_mapping = |item: Item| {
            let customer = to_customer(item)?;
            let mapping = by_partition.remove(&keys::customer_partition(tenant, customer.uuid));
            Ok((customer.number, (customer, mapping)))
        };
        records.into_iter().map(with_mapping).collect()
    }

    /// Returns what these objects in QuickBooks are here; those that are not known are left out.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn links_get(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        entity: MirroredEntity,
        ids: &BTreeSet<QuickBooksId>,
    ) -> Result<BTreeMap<QuickBooksId, Link>> {
        let keys: Vec<Key> = ids.iter().map(|id| keys::link(tenant, realm, entity, id)).collect();
        self.items_get(&keys).await?.iter().map(to_link).collect()
    }

    /// Stores what these objects in QuickBooks are here; not atomic.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn links_put(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        entity: MirroredEntity,
        links: &[(QuickBooksId, Link)],
    ) -> Result<()> {
        let item = |(id, link): &(QuickBooksId, Link)| to_item(&keys::link(tenant, realm, entity, id), link);
        self.items_put(links.iter().map(item).collect::<Result<_>>()?).await
    }

    /// Forgets an object that no longer exists in QuickBooks.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn link_delete(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        entity: MirroredEntity,
        id: &QuickBooksId,
    ) -> Result<()> {
        self.document_delete(&keys::link(tenant, realm, entity, id), "forgetting an object of QuickBooks")
            .await
    }

    /// Returns the links of an entity after an id, in order of id, at most 1 MB of them; fewer than all if the last one
    /// returned is not the end. An empty result is the end.
    ///
    /// # Errors
    /// Returns [`Error::Throttled`] or [`Error::Unavailable`] if DynamoDB is throttling or cannot be reached.
    pub async fn links_list(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        entity: MirroredEntity,
        after: Option<&QuickBooksId>,
    ) -> Result<Vec<(QuickBooksId, Link)>> {
        let pk = keys::links_partition(tenant, realm, entity);
        let start = after.map(|id| crate::store::items::key_item(&keys::link(tenant, realm, entity, id)));
        let query = self.partition_query(pk).consistent_read(true).set_exclusive_start_key(start);
        let response = query
            .send()
            .await
            .map_err(|e| crate::store::calls::failed("listing objects of QuickBooks", e))?;
        response.items.unwrap_or_default().iter().map(to_link).collect()
    }
}

fn to_mapping(item: &Item) -> Result<Mapping> {
    let revision = u64::try_from(integer_in(item, REVISION)?)
        .map_err(|e| Error::internal("reading the revision of a mapping", e))?;
    Ok(Mapping { revision, ..from_item(item)? })
}

fn to_link(item: &Item) -> Result<(QuickBooksId, Link)> {
    let id = text_in(item, attribute::SK)?.parse();
    Ok((id.map_err(|e| Error::internal("reading the id of a link", e))?, from_item(item)?))
}
