//! Imports from CSV. Every row is checked, and an import can be interrupted and run again.
//!
//! `run` streams the file. [`mapping`] maps columns to fields. [`customers`], [`contacts`], [`orders`] or [`prices`] converts rows to
//! records, and finds out which of them the table already holds.

mod cells;
pub mod contacts;
pub mod customers;
mod customers_by_text;
pub mod field;
pub mod import_kind;
mod lanes;
mod lines;
pub mod mapping;
mod mapping_error;
pub mod mapping_file;
mod named_customers;
pub mod orders;
mod outcome;
mod outputs;
pub mod presets;
mod preview;
pub mod prices;
mod questionable;
mod reader;
mod rejects;
mod run;
mod saved_mapping;
mod seen;
pub mod source;
pub mod text;

pub use outcome::{
    FieldChange, Findings, ImportCounts, ImportError, ImportEvent, ImportFailure, ImportOptions,
    ImportOutcome, ImportProgress, RowChange,
};
pub use preview::{Preview, PreviewColumn, preview};
pub use reader::{ReadError, RejectedRow};
pub use rejects::{RejectsError, RejectsTo};
pub use run::{Importer, OnEvent};
