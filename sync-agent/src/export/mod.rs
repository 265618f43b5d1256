//! Exports of customers, contacts, orders and prices to a folder or bucket: each record once, in constant memory, all or
//! nothing.
//!
//! An export is a file, a manifest that describes it and `latest.json`, which names the manifest. They are written in this
//! order, so that a reader who starts from `latest.json` finds only complete exports. Records are read in descending order
//! of customer number: a customer created during the export has a higher number than every customer in it, and is left
//! out. An incremental export contains what the log of changes has since the position in the manifest before.

mod destination;
mod encode;
mod error;
mod exporter;
mod folder;
mod layout;
mod manifest;
mod read;
mod records;
mod s3;
mod spool;
mod target;

pub use destination::ExportDestination;
pub use error::ExportError;
pub use exporter::{ExportOptions, ExportProgress, Exported, Exporter};
pub use manifest::{Manifest, SCHEMA_VERSION};
pub use s3::{Bucket, S3Error};
pub use spool::Spool;
pub use target::{ExportTarget, TargetError};
