//! Mapping files: the columns of a source's files for each field, values that all rows have, and names of products from a
//! further file. Written once for a source, in TOML.
//!
//! ```toml
//! ignore = ["Internal code"]
//!
//! [columns]
//! orderId = "InvoiceId"
//! street = { join = ["Street", "Building"], separator = ", " }
//! phone = { first_of = ["Office", "Home"] }
//!
//! [values.status]
//! open = "pending"
//!
//! [constants]
//! status = "delivered"
//!
//! [lines.columns]
//! productId = "TrackId"
//!
//! [joins.productName]
//! file = "tracks.csv"
//! key = "TrackId"
//! value = "Name"
//! ```

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::field::ImportField;
use super::mapping::ColumnChoice;
use super::orders::ProductNamesFile;
use super::source::{FieldSource, FileMapping, Product, Source};

/// A mapping file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingFile {
    /// The product whose export the imported file is. Its columns can then be absent.
    preset: Option<Product>,
    /// Columns of the imported file that are ignored.
    #[serde(default)]
    ignore: Vec<String>,
    /// Columns of the imported file, by field.
    #[serde(default)]
    columns: BTreeMap<String, ColumnSource>,
    /// Translations of values, by field.
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, String>>,
    /// Values of fields that no column holds.
    #[serde(default)]
    constants: BTreeMap<String, String>,
    /// The same for the lines of orders.
    #[serde(default)]
    lines: LineSection,
    #[serde(default)]
    joins: Joins,
}

/// The column of a field, or the source of a field with several columns.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum ColumnSource {
    Column(String),
    Source(Box<Source>),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LineSection {
    #[serde(default)]
    columns: BTreeMap<String, ColumnSource>,
    #[serde(default)]
    constants: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Joins {
    product_name: Option<Join>,
}

/// A further file, found next to the imported one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Join {
    file: PathBuf,
    key: String,
    value: String,
}

/// Why a mapping file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingFileError {
    /// The file cannot be read.
    #[error("cannot read the mapping file {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The file is not a mapping file.
    #[error("{} is not a mapping file: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The mistake and its place.
        reason: String,
    },
}

impl MappingFile {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// Returns a [`MappingFileError`] if the file cannot be read, is not TOML, or has a key of another name.
    pub fn read(path: &Path) -> Result<Self, MappingFileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| MappingFileError::Unreadable { path: path.to_owned(), source })?;
        toml::from_str(&text).map_err(|error| malformed(path, error.to_string().trim()))
    }

    /// Returns the mapping of the imported file.
    ///
    /// # Errors
    /// Returns [`MappingFileError::Malformed`] if a field does not exist. `path` is the mapping file.
    pub fn file<F: ImportField>(&self, path: &Path) -> Result<FileMapping<F>, MappingFileError> {
        self.mapping().map_err(|reason| malformed(path, &reason))
    }

    /// Reads a preset.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// Returns the product whose export the imported file is.
    pub(super) fn product(&self) -> Option<&Product> {
        self.preset.as_ref()
    }

    /// Returns the mapping of the imported file.
    ///
    /// # Errors
    /// Returns a message if a field does not exist.
    pub(super) fn mapping<F: ImportField>(&self) -> Result<FileMapping<F>, String> {
        let mut mapping = mapping(&self.columns, &self.constants, self.preset.is_some())?;
        for (name, values) in &self.values {
            let lower =
                |(value, translation): (&String, &String)| (value.to_lowercase(), translation.clone());
            mapping.rules.values.push((field(name)?, values.iter().map(lower).collect()));
        }
        mapping.rules.ignored.clone_from(&self.ignore);
        mapping.rules.product.clone_from(&self.preset);
        Ok(mapping)
    }

    /// Returns the mapping of the lines of orders.
    ///
    /// # Errors
    /// Returns [`MappingFileError::Malformed`] if a field does not exist. `path` is the mapping file.
    pub fn lines<F: ImportField>(&self, path: &Path) -> Result<FileMapping<F>, MappingFileError> {
        mapping(&self.lines.columns, &self.lines.constants, false).map_err(|reason| malformed(path, &reason))
    }

    /// Returns the file with names of products, which is in the folder of the imported file.
    #[must_use]
    pub fn product_names(&self, imported: &Path) -> Option<ProductNamesFile> {
        let Join { file, key, value } = self.joins.product_name.clone()?;
        let folder = imported.parent().unwrap_or(Path::new(""));
        Some(ProductNamesFile { path: folder.join(file), key, value })
    }
}

fn field<F: ImportField>(name: &str) -> Result<F, String> {
    F::named(name).ok_or_else(|| format!("`{name}` is not a field; the fields are {}", F::all_names()))
}

/// Converts sections of a mapping file. If columns can be absent (`is_optional`), all of them become sources.
fn mapping<F: ImportField>(
    columns: &BTreeMap<String, ColumnSource>,
    constants: &BTreeMap<String, String>,
    is_optional: bool,
) -> Result<FileMapping<F>, String> {
    let mut mapping = FileMapping::default();
    for (name, column) in columns {
        let field = field(name)?;
        match column {
            ColumnSource::Column(column) if !is_optional => {
                mapping.columns.push(ColumnChoice { column: column.clone(), field: Some(field) });
            }
            ColumnSource::Column(column) => {
                mapping.rules.sources.push(FieldSource { field, source: Source::of_column(column) });
            }
            ColumnSource::Source(source) => {
                mapping.rules.sources.push(FieldSource { field, source: source.as_ref().clone() });
            }
        }
    }
    for (name, value) in constants {
        mapping.constants.push((field(name)?, value.clone()));
    }
    Ok(mapping)
}

fn malformed(path: &Path, reason: &str) -> MappingFileError {
    MappingFileError::Malformed { path: path.to_owned(), reason: reason.to_owned() }
}
