//! The log of changes: written in the transaction of each change, read by exports and mirrors.

pub(in crate::store) mod entry;
