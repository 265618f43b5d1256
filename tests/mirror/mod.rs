//! The mirror of a company in QuickBooks: both sides in one process.

mod conflicts;
mod documents;
mod kills;
mod sync;
mod world;
