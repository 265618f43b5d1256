//! The promises that hold for the system as a whole, one file each.

mod crashes;
mod races;
mod tenants;
mod walks;
