//! This dialect's output objects. Sources: the Customers page of the funnels API, and its pages of types.

mod address;
mod connection;
mod customer;
mod order;
mod scalars;

pub(crate) use connection::CustomerConnection;
pub(crate) use customer::{Customer, FIGURES, company, custom_without_company};
pub(crate) use scalars::CustomFields;

use async_graphql::{ID, Interface, SimpleObject};

/// An object with a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Unique identifier."))]
pub(crate) enum Node {
    Customer(Customer),
}

/// The account whose customers the API key reads.
#[derive(SimpleObject)]
pub(crate) struct Account {
    /// Unique identifier.
    pub(crate) id: ID,
}
