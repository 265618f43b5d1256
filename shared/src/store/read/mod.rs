//! Reading: one path for every list. A query becomes a plan ([`plan`]), a stream yields candidates in order
//! ([`stream`]), the record decides, and a page is cut ([`page`]).

mod budget;
mod candidates;
mod cut;
mod export;
mod filter;
mod index;
mod lookup;
mod orders;
mod page;
mod pages;
mod period;
mod plan;
mod query;
mod rank;
mod set;
mod stream;
mod walk;

pub use budget::Budget;
pub use export::{CustomerBatch, CustomerStream};
pub use filter::CustomerFilter;
pub use orders::{OrderPage, OrderPeriod, SalesByMonth};
pub use pages::{OrderPages, OrderPlace, VersionedOrder};
pub use query::{CustomerPage, CustomerQuery, Direction, ListedCustomer, PageRequest, Position, Total};

pub(in crate::store) use lookup::has_email;
