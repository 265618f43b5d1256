//! The trades dialect: REST `/api/v1/customers`.
//!
//! One file for each Lambda, named as in `template.yaml`; [`types`] is the only place that shapes this
//! dialect's JSON, [`input`] the only one that reads it, [`error`] the only one that spells its errors.

pub mod customer_create;
pub mod customer_delete;
pub mod customer_get;
pub mod customer_list;
pub mod customer_restore;
pub mod customer_update;
pub mod error;
pub mod input;
pub mod openapi;
pub mod types;

use clientele_functions_common::Endpoint;

/// Every endpoint of this dialect.
pub const ENDPOINTS: [&Endpoint; 6] = [
    &customer_list::ENDPOINT,
    &customer_create::ENDPOINT,
    &customer_get::ENDPOINT,
    &customer_update::ENDPOINT,
    &customer_delete::ENDPOINT,
    &customer_restore::ENDPOINT,
];
