//! Why the columns of a file cannot be mapped to fields.

use super::field::MissingField;

/// Why columns cannot be mapped to fields.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// The caller names a column that does not exist.
    #[error("column `{column}` does not exist; the columns are {columns}")]
    NoSuchColumn {
        /// Name of the missing column.
        column: String,
        /// Names of all columns.
        columns: String,
    },
    /// Two columns fill the same field.
    #[error(
        "the columns `{one}` and `{other}` both hold {field}; ignore one of them, such as --map \"{other}=-\""
    )]
    TwoColumns {
        /// Field that both columns fill.
        field: &'static str,
        /// First column.
        one: String,
        /// Second column.
        other: String,
    },
    /// The header is not that of the product whose preset is used.
    #[error(
        "the file is not an export of {product}, whose columns include {expected}; leave out --preset, or choose another \
         one"
    )]
    OtherProduct {
        /// Name of the product.
        product: String,
        /// The columns by which its export is recognised.
        expected: String,
    },
    /// The header contains NUL bytes.
    #[error(
        "the first line, which names the columns, contains NUL bytes, so the file is not plain text; export it again as \
         \"CSV UTF-8\", or name its encoding, such as --encoding utf-16le"
    )]
    NotText,
    /// The header does not end.
    #[error(
        "a quotation mark in the first line, which names the columns, is not closed by the end of the file; close it"
    )]
    UnclosedQuote,
    /// The caller maps a column twice.
    #[error("--map is given twice for column `{0}`; keep only one")]
    DuplicateMapping(String),
    /// The caller names the column of row ids twice.
    #[error("the column of row ids is given twice, by --id-column and by --map COLUMN=id; keep only one")]
    TwoIdColumns,
    /// No column holds a required field.
    #[error(
        "no column holds {}; the columns are {columns}; choose one, such as --map \"COLUMN={}\"{hint}",
        .missing.what,
        .missing.example
    )]
    MissingRequiredColumn {
        /// Required field.
        missing: MissingField,
        /// Names of all columns.
        columns: String,
        /// Hint at a likely cause, or an empty text.
        hint: &'static str,
    },
}
