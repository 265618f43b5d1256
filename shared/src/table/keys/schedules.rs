//! Keys of scheduled exports.

use super::Key;
use crate::model::{ScheduleName, Tenant};

/// The start of every sort key of a scheduled export.
pub const SCHEDULE_PREFIX: &str = "SCHEDULE#";

/// Returns the partition that holds a tenant's scheduled exports.
#[must_use]
pub fn schedules_partition(tenant: &Tenant) -> String {
    format!("T#{}#EXPORT", tenant.as_str())
}

/// Returns the key of a scheduled export.
#[must_use]
pub fn schedule(tenant: &Tenant, name: &ScheduleName) -> Key {
    Key::new(schedules_partition(tenant), format!("{SCHEDULE_PREFIX}{}", name.as_str()))
}

/// Returns the key of the lease of a scheduled export.
#[must_use]
pub fn export_lease(tenant: &Tenant, name: &ScheduleName) -> Key {
    Key::new(schedules_partition(tenant), format!("LEASE#{}", name.as_str()))
}
