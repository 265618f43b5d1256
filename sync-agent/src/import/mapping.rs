//! Which column of a file fills which field: by the header's names, and by what the caller says.

use std::marker::PhantomData;
use std::str::FromStr;

use csv::StringRecord;

use super::field::{ImportField, MissingField, folded};

/// What the caller says about one column: `Column=field`, or `Column=-` to leave the column out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnChoice<F> {
    /// The column's header.
    pub column: String,
    /// The field that it fills; `None` leaves the column out.
    pub field: Option<F>,
}

impl<F: ImportField> FromStr for ColumnChoice<F> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (column, field) = text.rsplit_once('=').ok_or(
            "write Column=field, such as --map \"Currency code=currency\", or Column=- to leave the column out",
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

/// Why a header does not say what the columns hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// The caller names a column that is not there.
    #[error("there is no column `{column}`; the columns are {columns}")]
    NoSuchColumn {
        /// The name given.
        column: String,
        /// The names that there are.
        columns: String,
    },
    /// Two columns for one field.
    #[error(
        "the columns `{one}` and `{other}` both hold {field}: leave one of them out with --map \"{other}=-\""
    )]
    TwoColumns {
        /// The field.
        field: &'static str,
        /// A column that holds it.
        one: String,
        /// Another one.
        other: String,
    },
    /// The caller says two things about one column.
    #[error("--map says two things about the column `{0}`")]
    DuplicateMapping(String),
    /// The caller names the column of the row ids twice.
    #[error("the column of the row ids is named twice: by --id-column and by --map COLUMN=id")]
    TwoIdColumns,
    /// Nothing that every row must have.
    #[error(
        "no column holds {}; the columns are {columns}. Say which does, such as --map \"Column={}\"{hint}",
        .lacking.what,
        .lacking.such_as
    )]
    MissingRequiredColumn {
        /// What it is.
        lacking: MissingField,
        /// The names that there are.
        columns: String,
        /// A likely reason, or nothing.
        hint: &'static str,
    },
}

/// Which column fills which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping<F> {
    header: Vec<String>,
    /// The column of each field.
    columns: Vec<Option<usize>>,
    fields: PhantomData<F>,
}

impl<F: ImportField> Mapping<F> {
    /// Reads a header. What the caller says goes before the names; `also` is a column that fills this field,
    /// whatever other field it fills as well.
    ///
    /// # Errors
    /// [`MappingError`] names the column or field that is in the way.
    pub fn of(
        header: &StringRecord,
        choices: &[ColumnChoice<F>],
        also: Option<(F, &str)>,
    ) -> Result<Self, MappingError> {
        let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let mut mapping = Self { header, columns: vec![None; F::NAMES.len()], fields: PhantomData };
        let chosen = mapping.choose(choices)?;
        if let Some((field, name)) = also {
            let at = mapping.column_named(name)?;
            if mapping.columns[field.place()].replace(at).is_some() {
                return Err(MappingError::TwoIdColumns);
            }
        }
        mapping.recognise(&chosen)?;
        match F::lacking(|field| mapping.column(field).is_some()) {
            Some(lacking) => Err(mapping.nothing_needed(lacking)),
            None => Ok(mapping),
        }
    }

    /// The column that fills a field.
    #[must_use]
    pub fn column(&self, field: F) -> Option<usize> {
        self.columns[field.place()]
    }

    /// How many columns there are.
    #[must_use]
    pub fn width(&self) -> usize {
        self.header.len()
    }

    /// A column's name; its place where it has none.
    #[must_use]
    pub fn column_name(&self, column: usize) -> String {
        match self.header.get(column) {
            Some(name) if !name.is_empty() => name.clone(),
            _ => format!("column {}", column + 1),
        }
    }

    /// What a field is called in this file.
    #[must_use]
    pub fn name_of(&self, field: F) -> String {
        self.column(field).map_or_else(|| field.name().to_owned(), |column| self.column_name(column))
    }

    /// The columns whose values are not imported.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        let imported: Vec<usize> =
            F::all().filter(|field| field.is_imported()).filter_map(|field| self.column(field)).collect();
        let is_used = |column: &usize| imported.contains(column);
        (0..self.width()).filter(|column| !is_used(column)).map(|column| self.column_name(column)).collect()
    }

    /// Puts down what the caller says; returns the columns it is about.
    fn choose(&mut self, choices: &[ColumnChoice<F>]) -> Result<Vec<usize>, MappingError> {
        let mut chosen = Vec::with_capacity(choices.len());
        for choice in choices {
            let at = self.column_named(&choice.column)?;
            if chosen.contains(&at) {
                return Err(MappingError::DuplicateMapping(self.column_name(at)));
            }
            chosen.push(at);
            if let Some(field) = choice.field {
                self.put(field, at)?;
            }
        }
        Ok(chosen)
    }

    /// Puts down what the names of the other columns say, for the fields the caller says nothing about.
    fn recognise(&mut self, chosen: &[usize]) -> Result<(), MappingError> {
        let said = self.columns.clone();
        let is_best_of = |field| F::BEST_OF.iter().any(|(best_of, _)| *best_of == field);
        for at in (0..self.width()).filter(|at| !chosen.contains(at)) {
            match F::of_header(&self.header[at]) {
                Some(field) if is_best_of(field) || said[field.place()].is_some() => {}
                Some(field) => self.put(field, at)?,
                None => {}
            }
        }
        for (field, names) in F::BEST_OF {
            if self.column(*field).is_none() {
                let rank = |at: &usize| names.iter().position(|name| *name == folded(&self.header[*at]));
                let free = (0..self.width()).filter(|at| !chosen.contains(at) && rank(at).is_some());
                self.columns[field.place()] = free.min_by_key(rank);
            }
        }
        Ok(())
    }

    fn put(&mut self, field: F, at: usize) -> Result<(), MappingError> {
        match self.columns[field.place()].replace(at) {
            None => Ok(()),
            Some(before) => Err(MappingError::TwoColumns {
                field: field.name(),
                one: self.column_name(before),
                other: self.column_name(at),
            }),
        }
    }

    /// The column of this name: letter by letter, else by what matters in it.
    fn column_named(&self, name: &str) -> Result<usize, MappingError> {
        let exact = self.header.iter().position(|header| header == name);
        let alike = || self.header.iter().position(|header| folded(header) == folded(name));
        exact.or_else(alike).ok_or_else(|| MappingError::NoSuchColumn {
            column: name.to_owned(),
            columns: self.all_columns(),
        })
    }

    fn all_columns(&self) -> String {
        let names: Vec<String> = (0..self.width()).map(|at| self.column_name(at)).collect();
        names.join(", ")
    }

    fn nothing_needed(&self, lacking: MissingField) -> MappingError {
        let one_with = |c| self.width() == 1 && self.header[0].contains(c);
        let hint = if one_with(';') {
            "; the columns seem to be parted by semicolons: add --delimiter ';'"
        } else if one_with('\t') {
            "; the columns seem to be parted by tabs: add --delimiter tab"
        } else {
            ""
        };
        MappingError::MissingRequiredColumn { lacking, columns: self.all_columns(), hint }
    }
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
        Mapping::of(&header(text), &choices, id_column.map(|column| (Field::Id, column)))
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
    fn chinooks_header_needs_no_editing() {
        use Field::{
            City, CompanyName, Country, Email, Fax, FirstName, Id, LastName, Phone, State, Street, ZipCode,
        };
        let expected =
            [Id, FirstName, LastName, CompanyName, Street, City, State, Country, ZipCode, Phone, Fax, Email];
        check(CHINOOK, &expected);
    }

    #[test]
    fn northwinds_header_needs_no_editing() {
        use Field::{
            City, CompanyName, ContactTitle, Country, Fax, FullName, Id, Phone, State, Street, ZipCode,
        };
        let expected =
            [Id, CompanyName, FullName, ContactTitle, Street, City, State, ZipCode, Country, Phone, Fax];
        check(NORTHWIND, &expected);
    }

    #[test]
    fn the_headers_of_trades_and_of_our_own_export_are_known() {
        assert_eq!(mapping(TRADES, &[], None).unwrap().left_out(), ["updated_at"]);
        let own = clientele_shared::csv::customer_row::COLUMNS.join(",");
        assert_eq!(mapping(&own, &[], None).unwrap().left_out(), ["updatedAt"]);
    }

    #[test]
    fn what_the_caller_says_goes_before_the_names() {
        let mapping = mapping("id,Phone,Handy,Name", &["Handy=phone", "name=lastName"], None).unwrap();
        assert_eq!(mapping.column(Field::Phone), Some(2));
        assert_eq!(mapping.column(Field::LastName), Some(3));
        assert_eq!(mapping.left_out(), ["Phone"]);
    }

    #[test]
    fn the_id_is_taken_from_the_best_column_or_the_one_named() {
        let id = |id_column| mapping("uuid,external_id,CustomerId,email", &[], id_column).unwrap();
        assert_eq!(id(None).column(Field::Id), Some(2));
        assert_eq!(id(None).left_out(), ["uuid", "external_id"]);
        let by_email = id(Some("Email"));
        assert_eq!((by_email.column(Field::Id), by_email.column(Field::Email)), (Some(3), Some(3)));
        assert_eq!(mapping("email", &[], None).unwrap().column(Field::Id), None);
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let message = |text, choices: &[&str]| mapping(text, choices, None).unwrap_err().to_string();
        assert!(
            message("email,Phone,phone number", &[]).contains("`Phone` and `phone number` both hold phone")
        );
        assert!(
            message("email,Phone", &["Fone=phone"])
                .contains("no column `Fone`; the columns are email, Phone")
        );
        assert!(message("email,x", &["x=phone", "X=fax"]).contains("two things about the column `x`"));
        assert!(message("email;phone", &[]).contains("--delimiter ';'"));
        assert!(message("colour,", &[]).contains("the columns are colour, column 2"));
    }

    #[test]
    fn an_unknown_field_lists_the_fields() {
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
