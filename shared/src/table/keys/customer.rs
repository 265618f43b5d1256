//! Keys of a customer's own partition: record, figures, credit checks, search terms, marks and sort entries.

use uuid::Uuid;

use super::Key;
use crate::model::Tenant;
use crate::rules::entries::Mark;

/// The start of every sort key of a customer's search terms.
pub const TERM_PREFIX: &str = "TERM#";

/// Returns the key of a customer's record.
#[must_use]
pub fn customer(tenant: &Tenant, uuid: Uuid) -> Key {
    Key::new(customer_partition(tenant, uuid), "CUSTOMER")
}

/// Returns the partition that holds a customer and all its items.
#[must_use]
pub fn customer_partition(tenant: &Tenant, uuid: Uuid) -> String {
    format!("T#{}#C#{uuid}", tenant.as_str())
}

/// Returns the UUID in a customer's partition key.
#[must_use]
pub fn customer_uuid(pk: &str) -> Option<Uuid> {
    pk.rsplit_once("#C#").and_then(|(_, uuid)| Uuid::try_parse(uuid).ok())
}

/// Returns the key of one search term of a customer.
#[must_use]
pub fn term(tenant: &Tenant, uuid: Uuid, term: &str) -> Key {
    Key::new(customer_partition(tenant, uuid), format!("{TERM_PREFIX}{term}"))
}

/// The sort key of one mark of a customer. No search term begins with `#`.
#[must_use]
pub fn mark(tenant: &Tenant, uuid: Uuid, mark: &Mark) -> Key {
    let sk = format!("{TERM_PREFIX}#{}_{}", mark.kind.as_str(), mark.value);
    Key::new(customer_partition(tenant, uuid), sk)
}

/// The sort entry of a customer.
#[must_use]
pub fn sort_entry(tenant: &Tenant, uuid: Uuid, sort_name: &str) -> Key {
    Key::new(customer_partition(tenant, uuid), format!("BY#{sort_name}"))
}

/// A customer's figures.
#[must_use]
pub fn figures(tenant: &Tenant, uuid: Uuid) -> Key {
    Key::new(customer_partition(tenant, uuid), "CUSTOMER#FIGURES")
}

/// A customer's last credit check, and the count of its checks in one minute.
#[must_use]
pub fn credit(tenant: &Tenant, uuid: Uuid) -> Key {
    Key::new(customer_partition(tenant, uuid), "CUSTOMER#CREDIT")
}
