//! The trades dialect: one file for each function, and what all of them keep together.

mod customer_create;
mod customer_delete;
mod customer_get;
mod customer_list;
mod customer_restore;
mod customer_update;
mod keys;
mod usage;
