//! Imports from CSV: checked row by row, safe to break off and to run again.
//!
//! `run` reads a file as a stream: [`mapping`] says what the columns hold, [`customers`] or [`prices`] makes of the
//! rows what is to be written, and says which of it is in the table already.

mod cells;
pub mod customers;
pub mod field;
pub mod import_kind;
mod lines;
pub mod mapping;
mod outcome;
pub mod prices;
mod reader;
mod rejects;
mod run;
mod seen;

pub use outcome::{
    ImportCounts, ImportError, ImportEvent, ImportFailure, ImportOptions, ImportOutcome, ImportProgress,
};
pub use reader::{ReadError, RejectedRow};
pub use rejects::{RejectsError, RejectsTo};
pub use run::{Importer, Watch};
