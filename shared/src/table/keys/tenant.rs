//! Keys of a tenant's other items, of the list of tenants, and of API keys.

use super::Key;
use crate::model::{ApiKeyId, SecretHash, TagId, Tenant, TenantId};

/// Returns the beginning of the partition keys of all of a tenant's records.
#[must_use]
pub fn tenant_prefix(tenant: &Tenant) -> String {
    format!("T#{}#", tenant.as_str())
}

/// Returns the key of a tenant's sequence of customer numbers.
#[must_use]
pub fn customer_sequence(tenant: &Tenant) -> Key {
    Key::new(format!("T#{}#SEQUENCE", tenant.as_str()), "CUSTOMER")
}

/// Returns the partition that holds a tenant's tags.
#[must_use]
pub fn tags_partition(tenant: &Tenant) -> String {
    format!("T#{}#TAGS", tenant.as_str())
}

/// Returns the key of a tag.
#[must_use]
pub fn tag(tenant: &Tenant, id: &TagId) -> Key {
    Key::new(tags_partition(tenant), id.as_str())
}

/// Returns the key of a tenant's sequence of tag numbers.
#[must_use]
pub fn tag_sequence(tenant: &Tenant) -> Key {
    Key::new(format!("T#{}#SEQUENCE", tenant.as_str()), "TAG")
}

/// Returns the key of the record of an idempotent request.
#[must_use]
pub fn idempotency_record(tenant: &Tenant, digest: &str) -> Key {
    Key::new(format!("T#{}#ONCE#{digest}", tenant.as_str()), "ONCE")
}

/// Returns the key of an API key's saved position in a list that it reads page by page.
#[must_use]
pub fn walk(tenant: &Tenant, key_id: &ApiKeyId, list: &str) -> Key {
    Key::new(format!("T#{}#WALK#{}", tenant.as_str(), key_id.as_str()), list)
}

/// A tenant's requests of one month, `2024-01`.
#[must_use]
pub fn usage(tenant: &Tenant, month: &str) -> Key {
    Key::new(format!("T#{}#USAGE", tenant.as_str()), month)
}

/// Returns the key of a customer's claim to an email that no other customer is allowed to have.
#[must_use]
pub fn email_claim(tenant: &Tenant, digest: &str) -> Key {
    Key::new(format!("T#{}#EMAIL#{digest}", tenant.as_str()), "CLAIM")
}

/// Returns the key of the marker that a row of a source has been imported.
#[must_use]
pub fn imported_row(tenant: &Tenant, digest: &str) -> Key {
    Key::new(format!("T#{}#SOURCE#{digest}", tenant.as_str()), "ROW")
}

/// The partition that lists all tenants.
pub const TENANTS: &str = "TENANTS";

/// Returns the key of a tenant and its settings.
#[must_use]
pub fn tenant(id: &TenantId) -> Key {
    Key::new(TENANTS.to_owned(), id.to_string())
}

/// The partition that holds all API keys.
pub const API_KEYS: &str = "KEYS";

/// Returns the key of the record of an API key.
#[must_use]
pub fn api_key(hash: &SecretHash) -> Key {
    Key::new(API_KEYS.to_owned(), hash.as_str())
}
