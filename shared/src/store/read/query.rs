//! Queries for lists, and the pages that answer them.

use std::cmp::Ordering;

use super::CustomerFilter;
use crate::model::{ApiKeyId, Customer, CustomerNumber, Figures};
use crate::rules::entries::{Sort, SortValue, sort_value};
use crate::rules::search::SearchQuery;

/// Which customers a list has, and in what order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomerQuery {
    /// The customers that are in the list.
    pub filter: CustomerFilter,
    /// Only the customers that this search finds.
    pub search: Option<SearchQuery>,
    /// The order.
    pub sort: Sort,
    /// The direction of the order, ties included.
    pub direction: Direction,
    /// Whether the customers' figures are read too: one read unit more for each customer.
    pub figures: bool,
}

/// The direction of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// The lowest value and number first.
    Ascending,
    /// The highest value and number first.
    #[default]
    Descending,
}

/// A place in a list: after this customer. It means the same whether or not the customer is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The value that the list is ordered by; `None` in the order by number.
    pub value: Option<SortValue>,
    /// The customer's number.
    pub number: CustomerNumber,
}

impl Position {
    /// A place in a list that is ordered by number.
    #[must_use]
    pub fn at(number: CustomerNumber) -> Self {
        Self { value: None, number }
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Clone)]
pub enum PageRequest<'a> {
    /// The customers after a position.
    After {
        /// `None` starts at the top.
        position: Option<Position>,
        /// The most customers on the page.
        limit: usize,
        /// Whether the total is wanted.
        total: bool,
        /// The API key that reads. Its later pages reuse a total that is expensive to count.
        walker: Option<&'a ApiKeyId>,
    },
    /// A page by its number.
    Page {
        /// The number of the page, from 1.
        page: u64,
        /// The most customers on the page.
        limit: usize,
        /// The API key that reads. The page after the one it read last continues where that one ended.
        walker: &'a ApiKeyId,
    },
}

impl PageRequest<'_> {
    /// The customers after a position, with their total.
    #[must_use]
    pub fn after(position: Option<Position>, limit: usize) -> Self {
        Self::After { position, limit, total: true, walker: None }
    }

    /// Where the page starts, unless a walk or a count has to tell.
    pub(super) fn known_start(&self) -> Option<Option<Position>> {
        match self {
            Self::After { position, .. } => Some(position.clone()),
            Self::Page { page: 1, .. } => Some(None),
            Self::Page { .. } => None,
        }
    }

    pub(super) fn is_first(&self) -> bool {
        matches!(self, Self::After { position: None, .. } | Self::Page { page: 1, .. })
    }

    pub(super) fn wants_total(&self) -> bool {
        matches!(self, Self::After { total: true, .. } | Self::Page { .. })
    }

    pub(super) fn limit(&self) -> usize {
        match self {
            Self::After { limit, .. } | Self::Page { limit, .. } => *limit,
        }
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerPage {
    /// The customers in order.
    pub customers: Vec<ListedCustomer>,
    /// How many customers the whole list has, if that was wanted.
    pub total: Option<Total>,
    /// Where the next page starts; `None` at the end of the list. A page can be short or even empty and still have a
    /// next one, if the budget ended before the page was full.
    pub next: Option<Position>,
}

/// A customer of a page.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedCustomer {
    /// The record.
    pub customer: Customer,
    /// The figures, if they were wanted.
    pub figures: Option<Figures>,
    /// The customer's place in the list.
    pub position: Position,
}

/// How many customers a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// Exactly this many.
    Exactly(u64),
    /// This many or more: counting ended before the list did.
    AtLeast(u64),
}

impl Total {
    /// The number, exact or not.
    #[must_use]
    pub fn count(self) -> u64 {
        match self {
            Self::Exactly(count) | Self::AtLeast(count) => count,
        }
    }
}

impl CustomerQuery {
    /// The customers of a filter, the newest first.
    #[must_use]
    pub fn of(filter: CustomerFilter) -> Self {
        Self { filter, ..Self::default() }
    }

    /// Whether deciding about a customer needs its figures.
    pub(super) fn needs_figures(&self) -> bool {
        self.figures || matches!(self.sort, Sort::Expenses | Sort::OrdersCount)
    }

    /// The position of a key of an index in this list.
    pub(super) fn position_of_key(&self, key: Position) -> Position {
        match self.sort {
            Sort::Number => Position::at(key.number),
            _ => key,
        }
    }

    /// Whether this customer is in the list.
    #[must_use]
    pub fn selects(&self, customer: &Customer) -> bool {
        self.filter.matches(customer) && self.search.as_ref().is_none_or(|search| search.matches(customer))
    }

    /// Whether a customer that was found at a position belongs to the list there.
    ///
    /// In an order by a value, an entry that is not up to date does not belong: the customer is where its record says.
    pub(super) fn matches(&self, customer: &Customer, figures: Option<&Figures>, at: &Position) -> bool {
        let is_in_place = match &at.value {
            None => true,
            value => {
                let none = Figures::default();
                *value == sort_value(self.sort, customer, figures.unwrap_or(&none))
            }
        };
        is_in_place && self.selects(customer)
    }

    /// The order of two positions in this list.
    pub(super) fn order(&self, position: &Position, other: &Position) -> Ordering {
        let ascending = (&position.value, position.number).cmp(&(&other.value, other.number));
        match self.direction {
            Direction::Ascending => ascending,
            Direction::Descending => ascending.reverse(),
        }
    }

    /// Returns whether the first position comes after the second in this list.
    #[must_use]
    pub fn is_after(&self, position: &Position, other: &Position) -> bool {
        self.order(position, other) == Ordering::Greater
    }

    /// A text that is equal for queries that mean the same. It can hold what a client typed.
    pub(super) fn canonical(&self) -> String {
        let search = self.search.as_ref().map(SearchQuery::canonical).unwrap_or_default();
        let sort = self.sort.entry_name().unwrap_or_default();
        let direction = if self.direction == Direction::Descending { "-" } else { "+" };
        format!("{}/{search}/{direction}{sort}", self.filter.canonical())
    }
}
