//! The mapping of columns to fields, by the names in the header and by the caller's choices.

use std::marker::PhantomData;
use std::str::FromStr;

use clientele_shared::csv::unguarded;
use clientele_shared::rules::text::escaped;
use csv::StringRecord;

use super::field::{ImportField, MissingField, folded};

/// The caller's choice for one column: `COLUMN=FIELD`, or `COLUMN=-` to ignore the column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnChoice<F> {
    /// Header of the column.
    pub column: String,
    /// Field that the column fills; `None` ignores the column.
    pub field: Option<F>,
}

impl<F: ImportField> FromStr for ColumnChoice<F> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (column, field) = text.rsplit_once('=').ok_or(
            "write COLUMN=FIELD, such as --map \"Currency code=currency\", or COLUMN=- to ignore the column",
        )?;
        let field = match field.trim() {
            "-" => None,
            name => Some(
                F::named(name)
                    .ok_or_else(|| format!("`{name}` is not a field; the fields are {}", F::all_names()))?,
            ),
        };
        Ok(Self { column: column.trim().to_owned(), field })
    }
}

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

/// The columns of a file, and the field that each fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping<F> {
    header: Vec<String>,
    /// Column of each field, by the field's index.
    columns: Vec<Option<usize>>,
    /// Value of each field that no column fills, by the field's index.
    constants: Vec<Option<String>>,
    /// Columns that the caller ignores.
    ignored: Vec<usize>,
    /// Whether the header is that of an export, whose cells are the stored texts to the character.
    is_export: bool,
    fields: PhantomData<F>,
}

/// What a kind of import adds to the rules for headers.
pub struct HeaderRules<'a, F> {
    /// A column that fills its field in addition to any other field that it fills.
    pub extra: Option<(F, &'a str)>,
    /// Returns the required field that is missing, if any.
    pub missing: &'a dyn Fn(&dyn Fn(F) -> bool) -> Option<MissingField>,
}

impl<F: ImportField> HeaderRules<'_, F> {
    /// The rules that all kinds of import share.
    pub const COMMON: Self = Self { extra: None, missing: &|holds| F::missing(holds) };
}

impl<F: ImportField> Mapping<F> {
    /// Maps the columns of a header. Choices take precedence over header names, and constants over both.
    ///
    /// # Errors
    /// Returns [`MappingError::NoSuchColumn`] if a choice or the extra column names an unknown column,
    /// [`MappingError::DuplicateMapping`] if two choices name the same column, [`MappingError::TwoColumns`]
    /// if two columns fill the same field, [`MappingError::TwoIdColumns`] if a choice fills the field of
    /// the extra column, and [`MappingError::MissingRequiredColumn`] if no column holds a required field.
    pub fn of(
        header: &StringRecord,
        choices: &[ColumnChoice<F>],
        constants: &[(F, String)],
        rules: &HeaderRules<'_, F>,
    ) -> Result<Self, MappingError> {
        // A report of rejected rows has guarded names.
        let header = header.iter().map(|name| unguarded(name.trim()).to_owned()).collect::<Vec<_>>();
        let (columns, mut values) = (vec![None; F::NAMES.len()], vec![None; F::NAMES.len()]);
        for (field, value) in constants {
            values[field.index()] = Some(value.clone());
        }
        let is_export = is_export_header::<F>(&header);
        let (ignored, fields) = (Vec::new(), PhantomData);
        let mut mapping = Self { header, columns, constants: values, ignored, is_export, fields };
        let chosen = mapping.choose(choices)?;
        if let Some((field, name)) = rules.extra {
            let at = mapping.column_named(name)?;
            if mapping.columns[field.index()].replace(at).is_some() {
                return Err(MappingError::TwoIdColumns);
            }
        }
        mapping.recognise(&chosen)?;
        let holds = |field| mapping.column(field).is_some() || mapping.constant(field).is_some();
        match (rules.missing)(&holds) {
            Some(missing) => Err(mapping.missing_required(missing)),
            None => Ok(mapping),
        }
    }

    /// Returns the column that fills a field.
    #[must_use]
    pub fn column(&self, field: F) -> Option<usize> {
        self.columns[field.index()]
    }

    /// Returns the value that the field has in every row.
    #[must_use]
    pub fn constant(&self, field: F) -> Option<&str> {
        self.constants[field.index()].as_deref()
    }

    /// Returns whether the file is an export of these records, by its header. Its cells are read to the character; the
    /// cells of any other file are trimmed.
    #[must_use]
    pub fn is_export(&self) -> bool {
        self.is_export
    }

    /// Returns the number of columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.header.len()
    }

    /// Returns a column's name, or its position if it has no name.
    #[must_use]
    pub fn column_name(&self, column: usize) -> String {
        match self.header.get(column) {
            Some(name) if !name.is_empty() => escaped(name),
            _ => format!("column {}", column + 1),
        }
    }

    /// Returns the name of the field's column, or the field's own name if it has no column.
    #[must_use]
    pub fn name_of(&self, field: F) -> String {
        self.column(field).map_or_else(|| field.name().to_owned(), |column| self.column_name(column))
    }

    /// Returns whether a column is left out on purpose: the caller ignores it, a report of rejected rows adds it, or its
    /// field is one that is not imported.
    #[must_use]
    pub fn is_left_out_on_purpose(&self, column: usize) -> bool {
        let is_report = self.header.iter().take(REPORT_COLUMNS.len()).eq(REPORT_COLUMNS.iter());
        let is_not_imported =
            || F::all().any(|field| !field.is_imported() && self.column(field) == Some(column));
        self.ignored.contains(&column) || (is_report && column < REPORT_COLUMNS.len()) || is_not_imported()
    }

    /// Returns the names of the columns whose values are not imported.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        self.columns_left_out().into_iter().map(|column| self.column_name(column)).collect()
    }

    /// Returns the columns whose values are not imported.
    #[must_use]
    pub fn columns_left_out(&self) -> Vec<usize> {
        let imported: Vec<usize> =
            F::all().filter(|field| field.is_imported()).filter_map(|field| self.column(field)).collect();
        let is_used = |column: &usize| imported.contains(column);
        (0..self.width()).filter(|column| !is_used(column)).collect()
    }

    /// Applies the caller's choices; returns the columns that they name.
    fn choose(&mut self, choices: &[ColumnChoice<F>]) -> Result<Vec<usize>, MappingError> {
        let mut chosen = Vec::with_capacity(choices.len());
        for choice in choices {
            let at = self.column_named(&choice.column)?;
            if chosen.contains(&at) {
                return Err(MappingError::DuplicateMapping(self.column_name(at)));
            }
            chosen.push(at);
            match choice.field {
                Some(field) => self.assign(field, at)?,
                None => self.ignored.push(at),
            }
        }
        Ok(chosen)
    }

    /// Maps the other columns by their names, except to fields that the caller has already mapped.
    fn recognise(&mut self, chosen: &[usize]) -> Result<(), MappingError> {
        let mapped = self.columns.clone();
        let is_best_of = |field| F::BEST_OF.iter().any(|(best_of, _)| *best_of == field);
        for at in (0..self.width()).filter(|at| !chosen.contains(at)) {
            match F::of_header(&self.header[at]) {
                Some(field) if is_best_of(field) || mapped[field.index()].is_some() => {}
                Some(field) => self.assign(field, at)?,
                None => {}
            }
        }
        for (field, names) in F::BEST_OF {
            if self.column(*field).is_none() {
                let rank = |at: &usize| names.iter().position(|name| *name == folded(&self.header[*at]));
                let free = (0..self.width()).filter(|at| !chosen.contains(at) && rank(at).is_some());
                self.columns[field.index()] = free.min_by_key(rank);
            }
        }
        Ok(())
    }

    fn assign(&mut self, field: F, at: usize) -> Result<(), MappingError> {
        match self.columns[field.index()].replace(at) {
            None => Ok(()),
            Some(previous) => Err(MappingError::TwoColumns {
                field: field.name(),
                one: self.column_name(previous),
                other: self.column_name(at),
            }),
        }
    }

    /// Returns the column with exactly this name, or else the first one with the same [`folded`] name.
    fn column_named(&self, name: &str) -> Result<usize, MappingError> {
        let exact = self.header.iter().position(|header| header == name);
        let similar = || self.header.iter().position(|header| folded(header) == folded(name));
        exact.or_else(similar).ok_or_else(|| MappingError::NoSuchColumn {
            column: name.to_owned(),
            columns: self.all_columns(),
        })
    }

    fn all_columns(&self) -> String {
        let names: Vec<String> = (0..self.width()).map(|at| self.column_name(at)).collect();
        names.join(", ")
    }

    fn missing_required(&self, missing: MissingField) -> MappingError {
        let one_with = |c| self.width() == 1 && self.header[0].contains(c);
        let hint = if one_with(';') {
            "; the columns seem to be separated by semicolons, so add --delimiter ';'"
        } else if one_with('\t') {
            "; the columns seem to be separated by tabs, so add --delimiter tab"
        } else {
            ""
        };
        MappingError::MissingRequiredColumn { missing, columns: self.all_columns(), hint }
    }
}

/// The columns that a report of rejected rows adds.
const REPORT_COLUMNS: [&str; 2] = ["line", "reason"];

/// Columns that a file can have besides those of an export: the report of rejected rows has the first two, and an export of
/// changes the last one.
const EXTRA_EXPORT_COLUMNS: [&str; 3] = ["line", "reason", "deleted_at"];

fn is_export_header<F: ImportField>(header: &[String]) -> bool {
    let has = |field: &F| header.iter().any(|name| name == field.name());
    let is_known = |name: &String| {
        EXTRA_EXPORT_COLUMNS.contains(&name.as_str())
            || F::all().any(|field| field.is_exported() && field.name() == name)
    };
    !F::EXPORT_MARKS.is_empty() && F::EXPORT_MARKS.iter().all(has) && header.iter().all(is_known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::customers::fields::Field;

    const CHINOOK: &str =
        "CustomerId,FirstName,LastName,Company,Address,City,State,Country,PostalCode,Phone,Fax,Email";
    const NORTHWIND: &str = "CustomerID,CompanyName,ContactName,ContactTitle,Address,City,Region,PostalCode,\
                             Country,Phone,Fax";
    const TRADES: &str = "uuid,first_name,last_name,company_name,email,phone,customer_type,is_vip,\
         physical_address1,physical_address2,physical_city,physical_state,physical_zip,billing_address1,\
         billing_address2,billing_city,billing_state,billing_zip,primary_service_location_uuid,notes,\
         internal_flags,on_my_way_notify_via,created_at,updated_at,deleted_at";

    fn header(text: &str) -> StringRecord {
        StringRecord::from(text.split(',').collect::<Vec<_>>())
    }

    fn mapping(
        text: &str,
        choices: &[&str],
        id_column: Option<&str>,
    ) -> Result<Mapping<Field>, MappingError> {
        let choices: Vec<ColumnChoice<Field>> =
            choices.iter().map(|choice| choice.parse().unwrap()).collect();
        let extra = id_column.map(|column| (Field::Id, column));
        Mapping::of(&header(text), &choices, &[], &HeaderRules { extra, ..HeaderRules::COMMON })
    }

    #[track_caller]
    fn check(text: &str, expected: &[Field]) {
        let mapping = mapping(text, &[], None).unwrap();
        for (at, field) in expected.iter().enumerate() {
            assert_eq!(mapping.column(*field), Some(at), "{}", field.name());
        }
        assert_eq!(mapping.left_out(), Vec::<String>::new());
    }

    #[test]
    fn chinook_header_is_recognised_unedited() {
        use Field::{
            City, CompanyName, Country, Email, Fax, FirstName, Id, LastName, Phone, State, Street, ZipCode,
        };
        let expected =
            [Id, FirstName, LastName, CompanyName, Street, City, State, Country, ZipCode, Phone, Fax, Email];
        check(CHINOOK, &expected);
    }

    #[test]
    fn northwind_header_is_recognised_unedited() {
        use Field::{
            City, CompanyName, ContactTitle, Country, Fax, FullName, Id, Phone, State, Street, ZipCode,
        };
        let expected =
            [Id, CompanyName, FullName, ContactTitle, Street, City, State, ZipCode, Country, Phone, Fax];
        check(NORTHWIND, &expected);
    }

    #[test]
    fn headers_of_trades_and_of_exports_are_recognised() {
        assert_eq!(mapping(TRADES, &[], None).unwrap().left_out(), ["updated_at"]);
        let own = clientele_shared::csv::customer_row::COLUMNS.join(",");
        assert_eq!(mapping(&own, &[], None).unwrap().left_out(), ["updatedAt"]);
    }

    #[test]
    fn choices_take_precedence_over_header_names() {
        let mapping = mapping("id,Phone,Handy,Name", &["Handy=phone", "name=lastName"], None).unwrap();
        assert_eq!(mapping.column(Field::Phone), Some(2));
        assert_eq!(mapping.column(Field::LastName), Some(3));
        assert_eq!(mapping.left_out(), ["Phone"]);
    }

    #[test]
    fn id_comes_from_the_chosen_or_the_preferred_column() {
        let id = |id_column| mapping("uuid,external_id,CustomerId,email", &[], id_column).unwrap();
        assert_eq!(id(None).column(Field::Id), Some(2));
        assert_eq!(id(None).left_out(), ["uuid", "external_id"]);
        let by_email = id(Some("Email"));
        assert_eq!((by_email.column(Field::Id), by_email.column(Field::Email)), (Some(3), Some(3)));
        assert_eq!(mapping("email", &[], None).unwrap().column(Field::Id), None);
    }

    #[test]
    fn errors_name_the_columns_concerned() {
        let message = |text, choices: &[&str]| mapping(text, choices, None).unwrap_err().to_string();
        assert!(
            message("email,Phone,phone number", &[]).contains("`Phone` and `phone number` both hold phone")
        );
        assert!(
            message("email,Phone", &["Fone=phone"])
                .contains("column `Fone` does not exist; the columns are email, Phone")
        );
        assert!(message("email,x", &["x=phone", "X=fax"]).contains("twice for column `x`"));
        assert!(message("email;phone", &[]).contains("--delimiter ';'"));
        assert!(message("colour,", &[]).contains("the columns are colour, column 2"));
    }

    #[test]
    fn unknown_field_error_lists_the_fields() {
        let error = "Colour=colour".parse::<ColumnChoice<Field>>().unwrap_err();
        assert!(
            error.contains("`colour` is not a field") && error.contains("firstName, lastName"),
            "{error}"
        );
        assert!("Colour".parse::<ColumnChoice<Field>>().is_err());
        let left_out: ColumnChoice<Field> = "a=b=-".parse().unwrap();
        assert_eq!((left_out.column.as_str(), left_out.field), ("a=b", None));
    }
}
