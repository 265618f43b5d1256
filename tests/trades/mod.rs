//! The trades dialect: one file per function, plus API keys and usage, which all functions share.

mod customer_create;
mod customer_delete;
mod customer_get;
mod customer_list;
mod customer_restore;
mod customer_update;
mod keys;
mod usage;
