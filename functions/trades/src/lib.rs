//! The trades dialect: REST `/api/v1/customers`.
//!
//! Each Lambda has one file, named as in `template.yaml`. Output JSON is defined only in [`types`], input is
//! read only in [`input`], and errors are formatted only in [`error`].

pub mod customer_create;
pub mod customer_delete;
pub mod customer_get;
pub mod customer_list;
pub mod customer_restore;
pub mod customer_update;
pub mod error;
pub mod input;
pub mod openapi;
mod settings;
pub mod types;

pub use settings::TradesSettings;

use clientele_functions_common::Endpoint;

/// All endpoints of this dialect.
pub const ENDPOINTS: [&Endpoint; 6] = [
    &customer_list::ENDPOINT,
    &customer_create::ENDPOINT,
    &customer_get::ENDPOINT,
    &customer_update::ENDPOINT,
    &customer_delete::ENDPOINT,
    &customer_restore::ENDPOINT,
];
