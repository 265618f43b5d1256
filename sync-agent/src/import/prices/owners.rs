//! The customers that rows name, looked up for a batch of rows at a time.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::Result;
use clientele_shared::model::{CustomerNumber, PriceOwner};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::row::CustomerRef;
use crate::import::cells::shown;
use crate::import::import_kind::Target;

/// Maximum number of emails looked up concurrently.
const MAX_CONCURRENT_LOOKUPS: usize = 16;

/// Maximum number of ids shown for customers that share an email.
const MAX_IDS_SHOWN: usize = 5;

/// The customers that a batch of rows names.
#[derive(Debug, Default)]
pub(super) struct Owners {
    /// Existing customers, and whether each is deleted.
    by_uuid: BTreeMap<Uuid, bool>,
    /// Customers with each email that are not deleted.
    by_email: BTreeMap<String, Vec<(CustomerNumber, Uuid)>>,
}

impl Owners {
    /// Looks up these customers.
    pub(super) async fn find<'a>(
        target: &Target,
        customers: impl Iterator<Item = &'a CustomerRef>,
    ) -> Result<Self> {
        let (mut uuids, mut emails) = (BTreeSet::new(), BTreeSet::new());
        for customer in customers {
            match customer {
                CustomerRef::Number(number) => uuids.insert(target.tenant.customer_uuid(*number)),
                CustomerRef::Uuid(uuid) => uuids.insert(*uuid),
                CustomerRef::Email(email) => emails.insert(email.clone()),
            };
        }
        let get_by_uuid = || target.store.customers_by_uuid(&target.tenant, &uuids);
        let found = target.retry().run(target.store.ambient(), get_by_uuid).await?;
        let by_uuid = found.into_iter().map(|(uuid, customer)| (uuid, customer.deleted_at.is_some()));
        Ok(Self { by_uuid: by_uuid.collect(), by_email: by_email(target, emails).await? })
    }

    /// Returns the owner of a price with this customer, or the reason why there is no such owner.
    pub(super) fn owner(
        &self,
        target: &Target,
        customer: Option<&CustomerRef>,
    ) -> Result<PriceOwner, String> {
        let (uuid, shown) = match customer {
            None => return Ok(PriceOwner::List),
            Some(CustomerRef::Email(email)) => return self.with_email(email),
            Some(CustomerRef::Number(number)) => {
                (target.tenant.customer_uuid(*number), number.to_customer_id())
            }
            Some(CustomerRef::Uuid(uuid)) => (*uuid, uuid.to_string()),
        };
        match self.by_uuid.get(&uuid) {
            Some(false) => Ok(PriceOwner::Customer(uuid)),
            Some(true) => Err(format!("customer `{shown}` is deleted")),
            None => Err(format!("customer `{shown}` does not exist")),
        }
    }

    fn with_email(&self, email: &str) -> Result<PriceOwner, String> {
        let shown = shown(email);
        match self.by_email.get(email).map(Vec::as_slice).unwrap_or_default() {
            [] => Err(format!("no customer has the email `{shown}`")),
            [(_, uuid)] => Ok(PriceOwner::Customer(*uuid)),
            many => {
                let mut ids: Vec<String> =
                    many.iter().take(MAX_IDS_SHOWN).map(|(number, _)| number.to_customer_id()).collect();
                if many.len() > MAX_IDS_SHOWN {
                    ids.push("…".into());
                }
                let (count, ids) = (many.len(), ids.join(", "));
                Err(format!("{count} customers have the email `{shown}`; choose one by its id: {ids}"))
            }
        }
    }
}

async fn by_email(
    target: &Target,
    emails: BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<(CustomerNumber, Uuid)>>> {
    let mut remaining = emails.into_iter();
    let mut found = BTreeMap::new();
    let mut lookups = JoinSet::new();
    loop {
        while lookups.len() < MAX_CONCURRENT_LOOKUPS
            && let Some(email) = remaining.next()
        {
            let target = target.clone();
            lookups.spawn(async move {
                let get_by_email =
                    || target.store.customers_by_email(&target.tenant, &email, MAX_IDS_SHOWN + 1);
                let customers = target.retry().run(target.store.ambient(), get_by_email).await?;
                Result::Ok((email, customers))
            });
        }
        let Some(joined) = lookups.join_next().await else { return Ok(found) };
        let (email, customers) =
            joined.map_err(|e| clientele_shared::Error::internal("looking up an email", e))??;
        let ids = customers.into_iter().map(|customer| (customer.number, customer.uuid));
        found.insert(email, ids.collect());
    }
}
