//! Exports: what they contain, and when they are made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Status;
use super::customer_parts::{UnknownVariant, variant_named};

/// The records that an export contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportKind {
    /// Customers.
    #[default]
    Customers,
    /// Contact people of customers.
    Contacts,
    /// Orders, with a row for each line.
    Orders,
    /// The price list, and customers' own prices.
    Prices,
}

impl ExportKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Customers, Self::Contacts, Self::Orders, Self::Prices];

    /// Returns the kind's name, which is also the name of its folder and the start of its file names.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Contacts => "contacts",
            Self::Orders => "orders",
            Self::Prices => "prices",
        }
    }
}

impl fmt::Display for ExportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ExportKind {
    type Err = UnknownVariant;

    fn from_str(text: &str) -> Result<Self, UnknownVariant> {
        variant_named(&Self::ALL, Self::as_str, text, "customers, contacts, orders or prices")
    }
}

/// The format of an export's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum ExportFormat {
    /// CSV.
    #[default]
    #[serde(rename = "csv")]
    Csv,
    /// CSV, compressed with gzip.
    #[serde(rename = "csv.gz")]
    CsvGz,
    /// Apache Parquet, with a type for each column, compressed with Snappy.
    #[serde(rename = "parquet")]
    Parquet,
}

impl ExportFormat {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Csv, Self::CsvGz, Self::Parquet];

    /// Returns the format's name, which is also the extension of its files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::CsvGz => "csv.gz",
            Self::Parquet => "parquet",
        }
    }

    /// Returns the media type of a file.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::CsvGz => "application/gzip",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

impl FromStr for ExportFormat {
    type Err = UnknownVariant;

    fn from_str(text: &str) -> Result<Self, UnknownVariant> {
        variant_named(&Self::ALL, Self::as_str, text, "csv, csv.gz or parquet")
    }
}

/// The columns that an export of customers has. The other kinds always have all of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportColumns {
    /// The documented columns of the CSV routes.
    #[default]
    Documented,
    /// Every field that can be stored.
    Full,
}

impl ExportColumns {
    /// Both choices.
    pub const ALL: [Self; 2] = [Self::Documented, Self::Full];

    /// Returns `documented` or `full`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Full => "full",
        }
    }
}

impl FromStr for ExportColumns {
    type Err = UnknownVariant;

    fn from_str(text: &str) -> Result<Self, UnknownVariant> {
        variant_named(&Self::ALL, Self::as_str, text, "documented or full")
    }
}

/// The customers that an export selects. Without a member it selects all that are not deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ExportFilter {
    /// Only customers with this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Only customers that match this search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
}

/// The contents of an export.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ExportContent {
    /// The records.
    #[serde(rename = "what")]
    pub kind: ExportKind,
    /// The customers. Orders and prices are always those of all customers.
    pub filter: ExportFilter,
    /// The columns of customers.
    pub columns: ExportColumns,
    /// The format of the file.
    pub format: ExportFormat,
    /// Whether only changes since the last export of the same filter, columns and format are exported.
    pub incremental: bool,
}
