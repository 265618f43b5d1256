//! Keys of the global secondary indexes.

use super::attribute;
use crate::model::{CounterCell, CustomerNumber, CustomerType, Status, Tenant};
use crate::rules::entries::MarkKind;

/// The global secondary indexes of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Index {
    /// Customers with one status, by number.
    ByStatus,
    /// Customers of one type, by number.
    ByType,
    /// Customers by search term, mark and sort value.
    BySearch,
}

impl Index {
    /// Returns the index's name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ByStatus => "by-status",
            Self::ByType => "by-type",
            Self::BySearch => "by-search",
        }
    }

    /// Returns the attribute that holds the index's partition key.
    #[must_use]
    pub fn partition_attribute(self) -> &'static str {
        match self {
            Self::ByStatus => attribute::STATUS_PK,
            Self::ByType => attribute::TYPE_PK,
            Self::BySearch => attribute::SEARCH_PK,
        }
    }
}

/// The partition of by-search in which terms with this beginning are.
#[must_use]
pub fn search_partition(tenant: &Tenant, term: &str) -> String {
    let initial = term.chars().next().map(String::from).unwrap_or_default();
    format!("T#{}#SEARCH#{initial}", tenant.as_str())
}

/// The partition of by-search with the marks of one kind.
#[must_use]
pub fn mark_partition(tenant: &Tenant, kind: MarkKind) -> String {
    format!("T#{}#MARK#{}", tenant.as_str(), kind.as_str())
}

/// The partition of by-search with the entries of one sort order.
#[must_use]
pub fn sort_partition(tenant: &Tenant, sort_name: &str) -> String {
    format!("T#{}#BY#{sort_name}", tenant.as_str())
}

/// The sort key of by-search for one customer's term.
#[must_use]
pub fn search_sort(term: &str, number: CustomerNumber) -> String {
    format!("{term}#{number:0>10}")
}

/// Separates a value from the number in a sort key of by-search: a tab sorts below every character of a value.
pub const VALUE_SEPARATOR: char = '\t';

/// The sort key of by-search for one customer's mark or sort value.
#[must_use]
pub fn value_sort(value: &str, number: u64) -> String {
    format!("{value}\t{number:0>10}")
}

/// The end of the sort keys of values that are at most this one.
#[must_use]
pub fn value_sort_end(value: &str) -> String {
    format!("{value}\t9999999999")
}

/// Returns the customer number in a sort key of by-search.
#[must_use]
pub fn search_number(search_sk: &str) -> Option<CustomerNumber> {
    let (_, digits) = search_sk.rsplit_once(['#', VALUE_SEPARATOR])?;
    CustomerNumber::new(digits.parse().ok()?)
}

/// The value in a sort key of by-search.
#[must_use]
pub fn search_value(search_sk: &str) -> Option<&str> {
    search_sk.rsplit_once(VALUE_SEPARATOR).map(|(value, _)| value)
}

/// The partition of by-status that customers of this cell are in.
#[must_use]
pub fn status_partition(tenant: &Tenant, cell: CounterCell) -> String {
    if cell.is_deleted { deleted_partition(tenant) } else { live_status_partition(tenant, cell.status) }
}

/// Returns the partition of by-status that holds the customers with this status that are not deleted.
#[must_use]
pub fn live_status_partition(tenant: &Tenant, status: Status) -> String {
    format!("T#{}#STATUS#{}", tenant.as_str(), status.as_str())
}

/// Returns the partition of by-status that holds the soft-deleted customers of every status.
#[must_use]
pub fn deleted_partition(tenant: &Tenant) -> String {
    format!("T#{}#STATUS#DELETED", tenant.as_str())
}

/// The partition of by-type that customers of this type are in, deleted ones included.
#[must_use]
pub fn type_partition(tenant: &Tenant, customer_type: CustomerType) -> String {
    format!("T#{}#TYPE#{}", tenant.as_str(), customer_type.as_str())
}
