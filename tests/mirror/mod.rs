//! The mirror of a company in QuickBooks: both sides in one process.

mod kills;
mod sync;
mod world;
