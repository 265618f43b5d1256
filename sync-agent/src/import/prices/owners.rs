//! Which customers the rows are about: looked up for many rows at a time.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::Result;
use clientele_shared::model::{CustomerNumber, PriceOwner};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::row::CustomerRef;
use crate::import::cells::shown;
use crate::import::import_kind::Target;
use crate::retry::Retry;

/// How many emails are looked up side by side.
const LOOK_UPS_AT_A_TIME: usize = 16;

/// How many of the customers who share an email are named.
const NAMED: usize = 5;

/// The customers that some rows name.
#[derive(Debug, Default)]
pub(super) struct Owners {
    /// Whoever is there, and whether deleted.
    by_uuid: BTreeMap<Uuid, bool>,
    /// Whoever has the email and is not deleted.
    by_email: BTreeMap<String, Vec<(CustomerNumber, Uuid)>>,
}

impl Owners {
    /// Looks up everybody who is named.
    pub(super) async fn find<'a>(
        target: &Target,
        names: impl Iterator<Item = &'a CustomerRef>,
    ) -> Result<Self> {
        let (mut uuids, mut emails) = (BTreeSet::new(), BTreeSet::new());
        for name in names {
            match name {
                CustomerRef::Number(number) => uuids.insert(target.tenant.customer_uuid(*number)),
                CustomerRef::Uuid(uuid) => uuids.insert(*uuid),
                CustomerRef::Email(email) => emails.insert(email.clone()),
            };
        }
        let of_uuids = || target.store.customers_by_uuid(&target.tenant, &uuids);
        let found = Retry::default().run(target.store.ambient(), of_uuids).await?;
        let by_uuid = found.into_iter().map(|(uuid, customer)| (uuid, customer.deleted_at.is_some()));
        Ok(Self { by_uuid: by_uuid.collect(), by_email: by_email(target, emails).await? })
    }

    /// Whose a price is that names this customer, or why nobody's.
    pub(super) fn owner(&self, target: &Target, name: Option<&CustomerRef>) -> Result<PriceOwner, String> {
        let (uuid, shown) = match name {
            None => return Ok(PriceOwner::List),
            Some(CustomerRef::Email(email)) => return self.with_email(email),
            Some(CustomerRef::Number(number)) => {
                (target.tenant.customer_uuid(*number), number.to_customer_id())
            }
            Some(CustomerRef::Uuid(uuid)) => (*uuid, uuid.to_string()),
        };
        match self.by_uuid.get(&uuid) {
            Some(false) => Ok(PriceOwner::Customer(uuid)),
            Some(true) => Err(format!("the customer `{shown}` is deleted")),
            None => Err(format!("there is no customer `{shown}`")),
        }
    }

    fn with_email(&self, email: &str) -> Result<PriceOwner, String> {
        let shown = shown(email);
        match self.by_email.get(email).map(Vec::as_slice).unwrap_or_default() {
            [] => Err(format!("no customer has the email `{shown}`")),
            [(_, uuid)] => Ok(PriceOwner::Customer(*uuid)),
            many => {
                let mut ids: Vec<String> =
                    many.iter().take(NAMED).map(|(number, _)| number.to_customer_id()).collect();
                if many.len() > NAMED {
                    ids.push("…".into());
                }
                let (count, ids) = (many.len(), ids.join(", "));
                Err(format!("{count} customers have the email `{shown}`: name the right one of {ids}"))
            }
        }
    }
}

async fn by_email(
    target: &Target,
    emails: BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<(CustomerNumber, Uuid)>>> {
    let mut left = emails.into_iter();
    let mut found = BTreeMap::new();
    let mut look_ups = JoinSet::new();
    loop {
        while look_ups.len() < LOOK_UPS_AT_A_TIME
            && let Some(email) = left.next()
        {
            let Target { store, tenant } = target.clone();
            look_ups.spawn(async move {
                let look_up = || store.customers_by_email(&tenant, &email);
                let customers = Retry::default().run(store.ambient(), look_up).await?;
                Result::Ok((email, customers))
            });
        }
        let Some(joined) = look_ups.join_next().await else { return Ok(found) };
        let (email, customers) =
            joined.map_err(|e| clientele_shared::Error::internal("looking up an email", e))??;
        let ids = customers.into_iter().map(|customer| (customer.number, customer.uuid));
        found.insert(email, ids.collect());
    }
}
