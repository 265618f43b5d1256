//! The mirror between Clientele and QuickBooks Online.
//!
//! [`sales`] converts QuickBooks' sales documents, payments and items to orders and prices.

pub mod sales;
