//! The log of changes: written in the transaction of each change, read by exports and mirrors.

pub(in crate::store) mod entry;
pub(in crate::store) mod epoch;
pub(in crate::store) mod position;
pub(in crate::store) mod reader;
pub(in crate::store) mod recent;
