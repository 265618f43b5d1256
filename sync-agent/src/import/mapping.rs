//! The mapping of columns to fields, by the names in the header and by the caller's choices.

use std::marker::PhantomData;
use std::str::FromStr;

use clientele_shared::csv::unguarded;
use clientele_shared::rules::text::escaped;
use csv::StringRecord;

use super::field::{ImportField, MissingField, folded};
pub use super::mapping_error::MappingError;
use super::source::{FieldSource, MappingRules, ResolvedSource, Translations};

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

/// The columns of a file, and the field that each fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping<F> {
    header: Vec<String>,
    /// Column of each field, by the field's index.
    columns: Vec<Option<usize>>,
    /// Value of each field that no column fills, by the field's index.
    constants: Vec<Option<String>>,
    /// Source of each field with several columns, by the field's index.
    sources: Vec<Option<ResolvedSource>>,
    /// Translations of the values of each field, by the field's index.
    values: Vec<Option<Translations>>,
    /// Columns that the caller ignores.
    ignored: Vec<usize>,
    /// Whether the header is that of an export, whose cells are the stored texts to the character.
    is_export: bool,
    fields: PhantomData<F>,
}

/// Returns the required field that is missing, if any; it receives whether a column fills a field.
pub type MissingRule<'a, F> = dyn Fn(&dyn Fn(F) -> bool) -> Option<MissingField> + 'a;

/// The rules for headers that a kind of import adds.
pub struct HeaderRules<'a, F> {
    /// A column that fills its field in addition to any other field that it fills.
    pub extra: Option<(F, &'a str)>,
    /// Returns the required field that is missing, if any.
    pub missing: &'a MissingRule<'a, F>,
}

impl<F: ImportField> HeaderRules<'_, F> {
    /// The rules that all kinds of import share.
    pub const COMMON: Self = Self { extra: None, missing: &|holds| F::missing(holds) };
}

impl<F: ImportField> Mapping<F> {
    /// Maps the columns of a header. Choices take precedence over the sources of `more`, these over header names, and
    /// constants over all of them.
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
        more: &MappingRules<F>,
        rules: &HeaderRules<'_, F>,
    ) -> Result<Self, MappingError> {
        // A report of rejected rows has guarded names.
        let header = header.iter().map(|name| unguarded(name.trim()).to_owned()).collect::<Vec<_>>();
        let (columns, mut values) = (vec![None; F::NAMES.len()], vec![None; F::NAMES.len()]);
        for (field, value) in constants {
            values[field.index()] = Some(value.clone());
        }
        let is_export = is_export_header::<F>(&header);
        let mut translations = vec![None; F::NAMES.len()];
        for (field, values) in &more.values {
            translations[field.index()] = Some(values.clone());
        }
        let (sources, ignored) = (vec![None; F::NAMES.len()], Vec::new());
        let (constants, values, fields) = (values, translations, PhantomData);
        let mut mapping = Self { header, columns, constants, sources, values, ignored, is_export, fields };
        let mut chosen = mapping.choose(choices)?;
        mapping.resolve(more, &mut chosen);
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

    /// Returns the source of a field with several columns.
    pub(super) fn source(&self, field: F) -> Option<&ResolvedSource> {
        self.sources[field.index()].as_ref()
    }

    /// Returns the translation of a field's value, if it has one.
    pub(super) fn translation(&self, field: F, value: &str) -> Option<&str> {
        self.values[field.index()].as_ref()?.get(&value.trim().to_lowercase()).map(String::as_str)
    }

    /// Returns the names of the columns.
    pub(super) fn header(&self) -> &[String] {
        &self.header
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
        let imported: Vec<usize> = F::all()
            .filter(|field| field.is_imported())
            .flat_map(|field| {
                let source = self.sources[field.index()].iter().flat_map(ResolvedSource::columns);
                self.column(field).into_iter().chain(source).collect::<Vec<_>>()
            })
            .collect();
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

    /// Finds the columns of sources and those to ignore; adds them to the `chosen` ones.
    fn resolve(&mut self, more: &MappingRules<F>, chosen: &mut Vec<usize>) {
        let free = chosen.clone();
        let column = |name: &str| self.column_named(name).ok().filter(|at| !free.contains(at));
        let ignored: Vec<usize> = more.ignored.iter().filter_map(|name| column(name)).collect();
        let mut resolved = Vec::new();
        for FieldSource { field, source } in &more.sources {
            // A choice of the caller replaces the source.
            let used = |name: &str| column(name).filter(|at| !ignored.contains(at));
            if self.columns[field.index()].is_none()
                && let Some(source) = source.resolve(&self.header, used)
            {
                resolved.push((*field, source));
            }
        }
        chosen.extend(&ignored);
        self.ignored.extend(ignored);
        for (field, source) in resolved {
            chosen.extend(source.columns());
            self.columns[field.index()] = source.columns().next();
            self.sources[field.index()] = Some(source);
        }
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

    /// Returns the column with exactly this name, or else the first one with the same [`folded`] name, or else the one at this
    /// position, such as `column 3`.
    fn column_named(&self, name: &str) -> Result<usize, MappingError> {
        let exact = self.header.iter().position(|header| header == name);
        let similar = || self.header.iter().position(|header| folded(header) == folded(name));
        let position = || name.strip_prefix("column ")?.parse::<usize>().ok()?.checked_sub(1);
        let numbered = || position().filter(|at| *at < self.width());
        exact.or_else(similar).or_else(numbered).ok_or_else(|| MappingError::NoSuchColumn {
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
pub(super) const REPORT_COLUMNS: [&str; 2] = ["line", "reason"];

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
#[path = "mapping_tests.rs"]
mod tests;
