//! The customers that rows name, looked up for a batch of rows at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use clientele_shared::model::CustomerNumber;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::cells::shown;
use super::import_kind::Target;

/// Maximum number of emails looked up concurrently.
const MAX_CONCURRENT_LOOKUPS: usize = 16;

/// Maximum number of ids shown for customers that share an email.
const MAX_IDS_SHOWN: usize = 5;

/// A customer as a file names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum CustomerRef {
    /// `cust_456`.
    Number(CustomerNumber),
    /// The customer's uuid.
    Uuid(Uuid),
    /// An email, which exactly one customer must have.
    Email(String),
}

impl FromStr for CustomerRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = || CustomerNumber::from_customer_id(text).map(Self::Number);
        let uuid = || Uuid::try_parse(text).ok().map(Self::Uuid);
        let email = || text.contains('@').then(|| Self::Email(text.to_owned()));
        number()
            .or_else(uuid)
            .or_else(email)
            .ok_or_else(|| "must be a customer id such as cust_456, a uuid or an email".into())
    }
}

/// The customers that a batch of rows names.
#[derive(Debug, Default)]
pub(super) struct NamedCustomers {
    /// Existing customers, and whether each is deleted.
    by_uuid: BTreeMap<Uuid, (CustomerNumber, bool)>,
    /// Customers with each email that are not deleted.
    by_email: BTreeMap<String, Vec<CustomerNumber>>,
}

impl NamedCustomers {
    /// Looks up these customers.
    pub(super) async fn find<'a>(
        target: &Target,
        customers: impl Iterator<Item = &'a CustomerRef>,
    ) -> clientele_shared::Result<Self> {
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
        let by_uuid = found
            .into_iter()
            .map(|(uuid, customer)| (uuid, (customer.number, customer.deleted_at.is_some())));
        Ok(Self { by_uuid: by_uuid.collect(), by_email: by_email(target, emails).await? })
    }

    /// Returns the customer, or the reason why there is no such one.
    pub(super) fn get(&self, target: &Target, customer: &CustomerRef) -> Result<CustomerNumber, String> {
        let (uuid, shown) = match customer {
            CustomerRef::Email(email) => return self.with_email(email),
            CustomerRef::Number(number) => (target.tenant.customer_uuid(*number), number.to_customer_id()),
            CustomerRef::Uuid(uuid) => (*uuid, uuid.to_string()),
        };
        match self.by_uuid.get(&uuid) {
            Some((number, false)) => Ok(*number),
            Some((_, true)) => Err(format!("customer `{shown}` is deleted")),
            None => Err(format!("customer `{shown}` does not exist")),
        }
    }

    fn with_email(&self, email: &str) -> Result<CustomerNumber, String> {
        let shown = shown(email);
        match self.by_email.get(email).map(Vec::as_slice).unwrap_or_default() {
            [] => Err(format!("no customer has the email `{shown}`")),
            [number] => Ok(*number),
            many => {
                let mut ids: Vec<String> =
                    many.iter().take(MAX_IDS_SHOWN).map(|number| number.to_customer_id()).collect();
                if many.len() > MAX_IDS_SHOWN {
                    ids.push("…".into());
                }
                let (count, ids) = (many.len(), ids.join(", "));
                Err(format!("{count} customers have the email `{shown}`; choose one by its id: {ids}"))
            }
        }
    }
}

/// Looks up the customers with these emails: of one email all, or a few more than are shown.
pub(super) async fn by_email(
    target: &Target,
    emails: BTreeSet<String>,
) -> clientele_shared::Result<BTreeMap<String, Vec<CustomerNumber>>> {
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
                clientele_shared::Result::Ok((email, customers))
            });
        }
        let Some(joined) = lookups.join_next().await else { return Ok(found) };
        let (email, customers) =
            joined.map_err(|e| clientele_shared::Error::internal("looking up an email", e))??;
        found.insert(email, customers.into_iter().map(|customer| customer.number).collect());
    }
}
