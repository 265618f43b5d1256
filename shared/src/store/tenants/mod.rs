//! Everything of a tenant except its customers: settings, API keys, usage, tags and prices.

mod api_keys;
mod format;
mod prices;
mod tags;
mod tenant;
mod usage;

pub use api_keys::NewApiKey;
pub use prices::{PricePages, Pricing};
pub use tags::TagChange;
pub use usage::Usage;
