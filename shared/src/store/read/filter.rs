//! Filters: the cells of status, type, vip mark and deletion that a list selects, and conditions on fields.

use std::collections::BTreeSet;

use crate::model::{CounterCell, Customer, CustomerType, Status};
use crate::rules::condition::Condition;

/// The customers of a list: those in a set of cells of status × type × vip × deleted for which every condition holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomerFilter {
    /// Only this status.
    pub status: Option<Status>,
    /// Every status but this one.
    pub status_not: Option<Status>,
    /// Only these statuses.
    pub statuses: Option<BTreeSet<Status>>,
    /// Only this type.
    pub customer_type: Option<CustomerType>,
    /// Only those marked, or only those not marked, as important.
    pub is_vip: Option<bool>,
    /// Soft-deleted customers too.
    pub include_deleted: bool,
    /// Conditions that must hold too. Totals are kept by cell: with conditions they are counted by reading.
    pub conditions: Vec<Condition>,
}

impl CustomerFilter {
    /// Whether customers of this cell are in the list.
    #[must_use]
    pub fn selects_cell(&self, cell: CounterCell) -> bool {
        self.has_status(cell.status)
            && self.customer_type.is_none_or(|only| only == cell.customer_type)
            && self.is_vip.is_none_or(|only| only == cell.is_vip)
            && (self.include_deleted || !cell.is_deleted)
    }

    /// Whether this customer is in the list.
    #[must_use]
    pub fn matches(&self, customer: &Customer) -> bool {
        self.selects_cell(customer.cell())
            && self.conditions.iter().all(|condition| condition.holds(customer))
    }

    /// A text that is equal for filters that mean the same. It can hold what a client typed.
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
        let conditions: String = self.conditions.iter().map(|one| format!("/{}", one.canonical())).collect();
        format!("{status}{statuses}/{customer_type}/{vip}{deleted}{conditions}")
    }

    pub(super) fn has_status(&self, status: Status) -> bool {
        self.status.is_none_or(|only| only == status)
            && self.status_not.is_none_or(|not| not != status)
            && self.statuses.as_ref().is_none_or(|only| only.contains(&status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
