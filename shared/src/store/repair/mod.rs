//! Repairs: what a person runs after an upgrade or a fault.

mod reindex;
