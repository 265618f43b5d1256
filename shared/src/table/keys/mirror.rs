//! Keys of the mirror of a company in QuickBooks.

use uuid::Uuid;

use super::{Key, customer_partition};
use crate::model::{CustomerNumber, MirroredEntity, QuickBooksId, RealmId, Tenant};

/// The start of every sort key of an intent.
pub const INTENT_PREFIX: &str = "INTENT#";

/// The start of every sort key of a hint.
pub const HINT_PREFIX: &str = "HINT#";

/// The start of every sort key of a parked customer.
pub const PARKED_PREFIX: &str = "PARKED#";

/// The start of every sort key of an object in QuickBooks that cannot be mirrored.
pub const PARKED_OBJECT_PREFIX: &str = "PARKED-OBJECT#";

/// The start of every sort key of a conflict.
pub const CONFLICT_PREFIX: &str = "CONFLICT#";

/// Returns the key of a tenant's connection to QuickBooks.
#[must_use]
pub fn connection(tenant: &Tenant) -> Key {
    Key::new(format!("T#{}#QB", tenant.as_str()), "CONNECTION")
}

/// Returns the partition that holds what the mirror of a company knows, apart from mappings and links.
#[must_use]
pub fn mirror_partition(tenant: &Tenant, realm: &RealmId) -> String {
    format!("T#{}#QB#{realm}", tenant.as_str())
}

/// Returns the key of the mirror's position and checkpoint.
#[must_use]
pub fn mirror_state(tenant: &Tenant, realm: &RealmId) -> Key {
    Key::new(mirror_partition(tenant, realm), "STATE")
}

/// Returns the key of the lease that lets one run at a time work on a company.
#[must_use]
pub fn mirror_lease(tenant: &Tenant, realm: &RealmId) -> Key {
    Key::new(mirror_partition(tenant, realm), "LEASE")
}

/// Returns the key of a batch of writes to QuickBooks.
#[must_use]
pub fn mirror_intent(tenant: &Tenant, realm: &RealmId, request_id: &str) -> Key {
    Key::new(mirror_partition(tenant, realm), format!("{INTENT_PREFIX}{request_id}"))
}

/// Returns the key of a change that a webhook has reported.
#[must_use]
pub fn mirror_hint(tenant: &Tenant, realm: &RealmId, entity: MirroredEntity, id: &QuickBooksId) -> Key {
    Key::new(mirror_partition(tenant, realm), format!("{HINT_PREFIX}{}#{id}", entity.as_str()))
}

/// Returns the key of a merge that a webhook has reported, by the object that it has removed. A report of a change of that
/// object, which can arrive later, has another key.
#[must_use]
pub fn mirror_merge_hint(
    tenant: &Tenant,
    realm: &RealmId,
    entity: MirroredEntity,
    gone: &QuickBooksId,
) -> Key {
    Key::new(mirror_partition(tenant, realm), format!("{HINT_PREFIX}{}#{gone}#MERGED", entity.as_str()))
}

/// Returns the key of a customer that cannot be written to QuickBooks.
#[must_use]
pub fn mirror_parked(tenant: &Tenant, realm: &RealmId, number: CustomerNumber) -> Key {
    Key::new(mirror_partition(tenant, realm), format!("{PARKED_PREFIX}{:010}", number.get()))
}

/// Returns the key of an object in QuickBooks that cannot be mirrored.
#[must_use]
pub fn mirror_parked_object(
    tenant: &Tenant,
    realm: &RealmId,
    entity: MirroredEntity,
    id: &QuickBooksId,
) -> Key {
    Key::new(mirror_partition(tenant, realm), format!("{PARKED_OBJECT_PREFIX}{}#{id}", entity.as_str()))
}

/// Returns the key of a field that both sides had changed; without a field, the start of the keys of a customer.
#[must_use]
pub fn mirror_conflict(tenant: &Tenant, realm: &RealmId, number: CustomerNumber, field: &str) -> Key {
    Key::new(mirror_partition(tenant, realm), format!("{CONFLICT_PREFIX}{:010}#{field}", number.get()))
}

/// Returns the key of a customer's counterpart in QuickBooks.
#[must_use]
pub fn mapping(tenant: &Tenant, uuid: Uuid, realm: &RealmId) -> Key {
    Key::new(customer_partition(tenant, uuid), format!("QB#{realm}"))
}

/// Returns the partition that holds the links of an entity.
#[must_use]
pub fn links_partition(tenant: &Tenant, realm: &RealmId, entity: MirroredEntity) -> String {
    format!("T#{}#QB#{realm}#{}", tenant.as_str(), entity.as_str())
}

/// Returns the key of what an object in QuickBooks is here.
#[must_use]
pub fn link(tenant: &Tenant, realm: &RealmId, entity: MirroredEntity, id: &QuickBooksId) -> Key {
    Key::new(links_partition(tenant, realm, entity), id.as_str())
}

/// Returns the key of the tenant that a company belongs to.
#[must_use]
pub fn realm_owner(realm: &RealmId) -> Key {
    Key::new("REALMS".to_owned(), realm.as_str())
}
