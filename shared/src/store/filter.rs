//! Which customers a list is about, as cells, conditions, and the index partitions that hold them.

use std::collections::BTreeSet;

use super::idempotency;
use crate::model::{CounterCell, Customer, CustomerType, Status, Tenant};
use crate::rules::condition::Condition;
use crate::table::keys::{self, Index};

/// Which customers a list is about: a set of cells of status × type × vip × deleted, and of these the ones for
/// whom every condition holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomerFilter {
    /// Only this status.
    pub status: Option<Status>,
    /// Every status but this one (erp's `is_active=false`).
    pub status_not: Option<Status>,
    /// Only these statuses.
    pub statuses: Option<BTreeSet<Status>>,
    /// Only this type.
    pub customer_type: Option<CustomerType>,
    /// Only those marked, or only those not marked, as important.
    pub is_vip: Option<bool>,
    /// Soft-deleted customers too.
    pub include_deleted: bool,
    /// What must hold besides. Totals are kept by cell: with conditions they are counted by reading.
    pub conditions: Vec<Condition>,
}

/// One partition of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partition {
    pub(super) index: Index,
    pub(super) key: String,
}

impl CustomerFilter {
    /// Whether customers of this cell are in the list.
    #[must_use]
    pub fn holds(&self, cell: CounterCell) -> bool {
        self.has_status(cell.status)
            && self.customer_type.is_none_or(|only| only == cell.customer_type)
            && self.is_vip.is_none_or(|only| only == cell.is_vip)
            && (self.include_deleted || !cell.is_deleted)
    }

    /// Whether this customer is in the list.
    #[must_use]
    pub fn matches(&self, customer: &Customer) -> bool {
        self.holds(customer.cell()) && self.conditions.iter().all(|condition| condition.holds(customer))
    }

    /// A text that is the same for filters that mean the same, and holds nothing a client typed.
    #[must_use]
    pub fn canonical(&self) -> String {
        let status = match (self.status, self.status_not) {
            (Some(only), _) => only.as_str().to_owned(),
            (None, Some(not)) => format!("!{}", not.as_str()),
            (None, None) => String::new(),
        };
        let customer_type = self.customer_type.map_or("", CustomerType::as_str);
        let vip = self.is_vip.map_or("", |vip| if vip { "VIP" } else { "PLAIN" });
        let deleted = if self.include_deleted { "+DELETED" } else { "" };
        let statuses =
            self.statuses.iter().flatten().fold(String::new(), |all, one| all + "," + one.as_str());
        // A digest, for conditions hold what clients typed.
        let conditions = match self.conditions.as_slice() {
            [] => String::new(),
            conditions => idempotency::digest(&[&format!("{conditions:?}")]),
        };
        format!("{status}{statuses}/{customer_type}/{vip}{deleted}{conditions}")
    }

    fn has_status(&self, status: Status) -> bool {
        self.status.is_none_or(|only| only == status)
            && self.status_not.is_none_or(|not| not != status)
            && self.statuses.as_ref().is_none_or(|only| only.contains(&status))
    }

    /// The fewest partitions that hold every customer of the list. They may hold others too, where status and
    /// type are both asked for.
    pub(super) fn partitions(&self, tenant: &Tenant) -> Vec<Partition> {
        let by_type = self.status.is_none()
            && self.status_not.is_none()
            && self.statuses.is_none()
            && (self.customer_type.is_some() || self.is_vip.is_some());
        if by_type { self.type_partitions(tenant) } else { self.status_partitions(tenant) }
    }

    fn status_partitions(&self, tenant: &Tenant) -> Vec<Partition> {
        let live = Status::ALL
            .into_iter()
            .filter(|status| self.has_status(*status))
            .map(|status| keys::live_status_partition(tenant, status));
        let deleted = self.include_deleted.then(|| keys::deleted_partition(tenant));
        live.chain(deleted).map(|key| Partition { index: Index::ByStatus, key }).collect()
    }

    fn type_partitions(&self, tenant: &Tenant) -> Vec<Partition> {
        let mut partitions = Vec::new();
        for customer_type in CustomerType::ALL {
            for (is_vip, is_deleted) in [(false, false), (true, false), (false, true), (true, true)] {
                let cell = CounterCell { status: Status::Active, customer_type, is_vip, is_deleted };
                if self.holds(cell) {
                    let key = keys::type_partition(tenant, customer_type, is_vip, is_deleted);
                    partitions.push(Partition { index: Index::ByType, key });
                }
            }
        }
        partitions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Mode;

    #[track_caller]
    fn check(filter: &CustomerFilter, expected: &[&str]) {
        let tenant = Tenant::new(&"t".parse().unwrap(), Mode::Live);
        let keys: Vec<String> = filter.partitions(&tenant).into_iter().map(|p| p.key).collect();
        assert_eq!(keys, expected);
    }

    #[test]
    fn all_merges_the_three_statuses() {
        check(&CustomerFilter::default(), &["T#t#STATUS#ACTIVE", "T#t#STATUS#INACTIVE", "T#t#STATUS#LEAD"]);
    }

    #[test]
    fn deleted_ones_are_one_partition_more() {
        let filter = CustomerFilter { include_deleted: true, ..CustomerFilter::default() };
        check(
            &filter,
            &["T#t#STATUS#ACTIVE", "T#t#STATUS#INACTIVE", "T#t#STATUS#LEAD", "T#t#STATUS#DELETED"],
        );
    }

    #[test]
    fn vip_merges_two_types() {
        let filter = CustomerFilter { is_vip: Some(true), ..CustomerFilter::default() };
        check(&filter, &["T#t#TYPE#Residential#VIP", "T#t#TYPE#Commercial#VIP"]);
    }

    #[test]
    fn a_type_merges_its_two_marks() {
        let filter =
            CustomerFilter { customer_type: Some(CustomerType::Commercial), ..CustomerFilter::default() };
        check(&filter, &["T#t#TYPE#Commercial#PLAIN", "T#t#TYPE#Commercial#VIP"]);
    }

    #[test]
    fn one_status_is_one_partition() {
        let filter = CustomerFilter { status: Some(Status::Lead), ..CustomerFilter::default() };
        check(&filter, &["T#t#STATUS#LEAD"]);
        let filter = CustomerFilter { status_not: Some(Status::Active), ..CustomerFilter::default() };
        check(&filter, &["T#t#STATUS#INACTIVE", "T#t#STATUS#LEAD"]);
    }

    #[test]
    fn different_filters_have_different_names() {
        let mut names = std::collections::BTreeSet::new();
        for include_deleted in [false, true] {
            for is_vip in [None, Some(false), Some(true)] {
                for customer_type in [None, Some(CustomerType::Commercial)] {
                    let filter = CustomerFilter {
                        is_vip,
                        customer_type,
                        include_deleted,
                        ..CustomerFilter::default()
                    };
                    assert!(names.insert(filter.canonical()));
                }
            }
        }
    }
}
