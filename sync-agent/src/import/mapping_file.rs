//! Mapping files: the columns of a source's files for each field, values that all rows have, and names of products from a
//! further file. Written once for a source, in TOML.
//!
//! ```toml
//! [columns]
//! orderId = "InvoiceId"
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

/// A mapping file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingFile {
    /// Columns of the imported file, by field.
    #[serde(default)]
    columns: BTreeMap<String, String>,
    /// Values of fields that no column holds.
    #[serde(default)]
    constants: BTreeMap<String, String>,
    /// The same for the lines of orders.
    #[serde(default)]
    lines: LineSection,
    #[serde(default)]
    joins: Joins,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LineSection {
    #[serde(default)]
    columns: BTreeMap<String, String>,
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

/// The columns and constants of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMapping<F> {
    /// Fields of columns.
    pub columns: Vec<ColumnChoice<F>>,
    /// Values of fields that no column holds.
    pub constants: Vec<(F, String)>,
}

impl<F> Default for FileMapping<F> {
    fn default() -> Self {
        Self { columns: Vec::new(), constants: Vec::new() }
    }
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
        mapping(&self.columns, &self.constants).map_err(|reason| malformed(path, &reason))
    }

    /// Returns the mapping of the lines of orders.
    ///
    /// # Errors
    /// Returns [`MappingFileError::Malformed`] if a field does not exist. `path` is the mapping file.
    pub fn lines<F: ImportField>(&self, path: &Path) -> Result<FileMapping<F>, MappingFileError> {
        mapping(&self.lines.columns, &self.lines.constants).map_err(|reason| malformed(path, &reason))
    }

    /// Returns the file with names of products, which is in the folder of the imported file.
    #[must_use]
    pub fn product_names(&self, imported: &Path) -> Option<ProductNamesFile> {
        let Join { file, key, value } = self.joins.product_name.clone()?;
        let folder = imported.parent().unwrap_or(Path::new(""));
        Some(ProductNamesFile { path: folder.join(file), key, value })
    }
}

fn mapping<F: ImportField>(
    columns: &BTreeMap<String, String>,
    constants: &BTreeMap<String, String>,
) -> Result<FileMapping<F>, String> {
    let field = |name: &str| {
        let no_field = || format!("`{name}` is not a field; the fields are {}", F::all_names());
        F::named(name).ok_or_else(no_field)
    };
    let choice = |(name, column): (&String, &String)| {
        Ok(ColumnChoice { column: column.clone(), field: Some(field(name)?) })
    };
    let constant = |(name, value): (&String, &String)| Ok((field(name)?, value.clone()));
    Ok(FileMapping {
        columns: columns.iter().map(choice).collect::<Result<_, String>>()?,
        constants: constants.iter().map(constant).collect::<Result<_, String>>()?,
    })
}

fn malformed(path: &Path, reason: &str) -> MappingFileError {
    MappingFileError::Malformed { path: path.to_owned(), reason: reason.to_owned() }
}
