//! Writing: one transaction builder, and the steps that customers, imports and bulk changes give it.

mod bulk;
mod credit;
mod customer;
mod email;
mod entries;
mod idempotency;
mod import;
mod number;
mod order_changes;
mod orders;
pub(in crate::store) mod transaction;

pub use bulk::Updated;
pub use customer::{Write, WriteOutcome};
pub use idempotency::{IdempotencyKey, IdempotentRequest, RenderReply};
pub use import::{ImportedRow, RowKey};
pub use number::AllocatedNumbers;
pub use orders::{KnownOrder, OrderChange, OrdersWritten};

pub(in crate::store) use customer::{new_customer, next_version};
pub(in crate::store) use entries::{EntryChange, entry_items, term_items};
pub(in crate::store) use idempotency::digest;
