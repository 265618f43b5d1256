//! The data of the mirror of a company in QuickBooks, next to the records: its connection, progress, mappings, links and
//! intents, and the work that waits for a person.

mod commit;
mod connection;
mod mapping;
mod waiting;

pub use commit::{MirrorNote, MirrorWrite, RecordWrite};
pub use mapping::MappedCustomer;
