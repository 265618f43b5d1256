//! A client for the QuickBooks Online Accounting API and its OAuth 2.
//!
//! [`QuickBooks`] runs the calls: it keeps to the limits of the API, refreshes the access token, and retries
//! what can succeed. A write is repeated under the same request id with the same bytes, so that QuickBooks
//! carries it out once. [`oauth`] connects a company, [`secrets`] stores its tokens, and [`transport`] sends
//! the requests.

mod access;
mod backoff;
mod client;
mod entity;
mod error;
mod fault;
mod limits;
pub mod oauth;
mod query_text;
pub mod secrets;
pub mod transport;

pub use client::batch::{BatchItem, BatchOperation, MAX_BATCH};
pub use client::changes::Changes;
pub use client::company::Company;
pub use client::pages::Pages;
pub use client::{Calls, ClientConfig, Object, QuickBooks};
pub use entity::Entity;
pub use error::QuickBooksError;
pub use fault::{Fault, FaultKind};
pub use limits::Pace;
pub use query_text::{literal_lists, quoted};
