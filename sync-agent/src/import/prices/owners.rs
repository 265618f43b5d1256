//! Which customers the rows are about: looked up for many rows at a time.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::Result;
use clientele_shared::model::{Customer, PriceOwner};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::row::CustomerName;
use crate::import::cells::shown;
use crate::import::subject::Target;

/// How many emails are looked up side by side.
const LOOK_UPS_AT_A_TIME: usize = 16;

/// How many of the customers who share an email are named.
const NAMED: usize = 5;

/// The customers that some rows name.
#[derive(Debug, Default)]
pub(super) struct Owners {
    by_uuid: BTreeMap<Uuid, Customer>,
    by_email: BTreeMap<String, Vec<Customer>>,
}

impl Owners {
    /// Looks up everybody who is named.
    pub(super) async fn find<'a>(
        target: &Target,
        names: impl Iterator<Item = &'a CustomerName>,
    ) -> Result<Self> {
        let (mut uuids, mut emails) = (BTreeSet::new(), BTreeSet::new());
        for name in names {
            match name {
                CustomerName::Number(number) => drop(uuids.insert(target.tenant.customer_uuid(*number))),
                CustomerName::Uuid(uuid) => drop(uuids.insert(*uuid)),
                CustomerName::Email(email) => drop(emails.insert(email.clone())),
            }
        }
        let by_uuid = target.store.customers_of_uuids(&target.tenant, &uuids).await?;
        Ok(Self { by_uuid, by_email: by_email(target, emails).await? })
    }

    /// Whose a price is that names this customer, or why nobody's.
    pub(super) fn owner(&self, target: &Target, name: Option<&CustomerName>) -> Result<PriceOwner, String> {
        let (uuid, shown) = match name {
            None => return Ok(PriceOwner::List),
            Some(CustomerName::Email(email)) => return self.with_email(email),
            Some(CustomerName::Number(number)) => (target.tenant.customer_uuid(*number), number.to_cust()),
            Some(CustomerName::Uuid(uuid)) => (*uuid, uuid.to_string()),
        };
        match self.by_uuid.get(&uuid) {
            Some(customer) if customer.deleted_at.is_some() => {
                Err(format!("the customer `{shown}` is deleted"))
            }
            Some(customer) => Ok(PriceOwner::Customer(customer.uuid)),
            None => Err(format!("there is no customer `{shown}`")),
        }
    }

    fn with_email(&self, email: &str) -> Result<PriceOwner, String> {
        let shown = shown(email);
        match self.by_email.get(email).map(Vec::as_slice).unwrap_or_default() {
            [] => Err(format!("no customer has the email `{shown}`")),
            [customer] => Ok(PriceOwner::Customer(customer.uuid)),
            many => {
                let mut ids: Vec<String> =
                    many.iter().take(NAMED).map(|customer| customer.number.to_cust()).collect();
                if many.len() > NAMED {
                    ids.push("…".into());
                }
                let (count, ids) = (many.len(), ids.join(", "));
                Err(format!("{count} customers have the email `{shown}`: name the right one of {ids}"))
            }
        }
    }
}

async fn by_email(target: &Target, emails: BTreeSet<String>) -> Result<BTreeMap<String, Vec<Customer>>> {
    let mut left = emails.into_iter();
    let mut found = BTreeMap::new();
    let mut look_ups = JoinSet::new();
    loop {
        while look_ups.len() < LOOK_UPS_AT_A_TIME
            && let Some(email) = left.next()
        {
            let Target { store, tenant } = target.clone();
            look_ups.spawn(async move {
                let customers = store.customers_with_email(&tenant, &email).await?;
                Result::Ok((email, customers))
            });
        }
        let Some(joined) = look_ups.join_next().await else { return Ok(found) };
        let (email, customers) =
            joined.map_err(|e| clientele_shared::Error::internal("looking up an email", e))??;
        found.insert(email, customers);
    }
}
