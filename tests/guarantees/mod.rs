//! Guarantees of the system as a whole, one file each.

mod crashes;
mod emails;
mod faults;
mod gateway;
mod imports;
pub(crate) mod input;
mod large_records;
mod layouts;
mod log;
mod newest;
mod orders;
mod poison;
mod races;
mod reindex;
mod search;
mod settings;
mod tenants;
mod terms;
mod texts;
mod walks;
