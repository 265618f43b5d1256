//! The erp dialect: REST `/api/customers`.
//!
//! Each Lambda has one file, named as in `template.yaml`. Output JSON is defined only in files named `types.rs`, input is read only in
//! [`input`], `address` and [`contact`], and errors are formatted only in [`error`].

mod address;
mod analytics;
pub mod analytics_get;
pub mod contact;
pub mod contact_create;
pub mod contact_delete;
pub mod contact_update;
pub mod credit;
pub mod credit_check;
pub mod customer_create;
pub mod customer_get;
pub mod customer_list;
pub mod customer_update;
pub mod error;
mod figures;
pub mod input;
pub mod openapi;
pub mod order;
pub mod order_list;
mod paging;
pub mod types;

use clientele_functions_common::Endpoint;

/// All endpoints of this dialect.
pub const ENDPOINTS: [&Endpoint; 10] = [
    &customer_list::ENDPOINT,
    &customer_create::ENDPOINT,
    &customer_get::ENDPOINT,
    &customer_update::ENDPOINT,
    &contact_create::ENDPOINT,
    &contact_update::ENDPOINT,
    &contact_delete::ENDPOINT,
    &order_list::ENDPOINT,
    &analytics_get::ENDPOINT,
    &credit_check::ENDPOINT,
];
