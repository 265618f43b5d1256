//! Values that are taken from several columns, or from a part of one: how mapping files and presets describe them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::field::folded;
use super::mapping::ColumnChoice;
use super::saved_mapping::quoted;

/// Labels of values in one cell, as in `Phone:206 555 0100 Mobile:206 555 0199`.
const LABELS: [&str; 5] = ["Phone", "Mobile", "Fax", "Other", "Pager"];

/// Where a field's value comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Source {
    /// The column.
    column: Option<String>,
    /// Columns of which the first that is not empty counts.
    first_of: Vec<String>,
    /// Columns whose values are joined.
    join: Vec<String>,
    /// Columns whose values are joined after these, each with the column's name.
    labelled: Vec<String>,
    /// Beginnings of the names of further such columns.
    labelled_prefixes: Vec<String>,
    /// Columns with several values of which another field has the first: the others are joined, with the column's name.
    rest_of: Vec<String>,
    /// Text between joined values; by default a line break.
    separator: Option<String>,
    /// Text between the values of one cell.
    split: Option<String>,
    /// Column whose value makes the field empty if it is the same.
    unless: Option<String>,
    /// Label of the value in a cell with several labelled ones.
    value_of: Option<String>,
}

impl Source {
    /// Returns the source that is one column.
    pub(super) fn of_column(column: &str) -> Self {
        Self { column: Some(column.to_owned()), ..Self::default() }
    }

    /// Returns the source as a value of a mapping file, with the columns that the header has.
    pub(super) fn to_toml(&self, header: &[String]) -> String {
        let has = |name: &&String| header.iter().any(|column| folded(column) == folded(name));
        let list = |name: &str, names: &[String]| {
            let names: Vec<String> = names.iter().filter(has).map(|name| quoted(name)).collect();
            (!names.is_empty()).then(|| format!("{name} = [{}]", names.join(", ")))
        };
        let text = |name: &str, text: &Option<String>| {
            text.as_ref().map(|text| format!("{name} = {}", quoted(text)))
        };
        let prefixes: Vec<String> = self.labelled_prefixes.iter().map(|prefix| quoted(prefix)).collect();
        let prefixes =
            (!prefixes.is_empty()).then(|| format!("labelled_prefixes = [{}]", prefixes.join(", ")));
        let parts = [
            text("column", &self.column),
            list("first_of", &self.first_of),
            list("join", &self.join),
            list("labelled", &self.labelled),
            prefixes,
            list("rest_of", &self.rest_of),
            text("separator", &self.separator),
            text("split", &self.split),
            text("unless", &self.unless),
            text("value_of", &self.value_of),
        ];
        format!("{{ {} }}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }

    /// Finds the columns among these; `None` if there is none of them.
    pub(super) fn resolve(
        &self,
        header: &[String],
        column: impl Fn(&str) -> Option<usize>,
    ) -> Option<ResolvedSource> {
        let all = |names: &[String]| names.iter().filter_map(|name| column(name)).collect::<Vec<_>>();
        let mut labelled = all(&self.labelled);
        let has_prefix = |name: &String| self.labelled_prefixes.iter().any(|prefix| name.starts_with(prefix));
        labelled.extend(
            (0..header.len()).filter(|at| has_prefix(&header[*at]) && column(&header[*at]).is_some()),
        );
        let first_of =
            self.column.iter().filter_map(|name| column(name)).chain(all(&self.first_of)).collect();
        let resolved = ResolvedSource {
            first_of,
            join: all(&self.join),
            labelled,
            rest_of: all(&self.rest_of),
            separator: self.separator.clone().unwrap_or_else(|| "\n".into()),
            split: self.split.clone(),
            unless: self.unless.as_deref().and_then(&column),
            value_of: self.value_of.clone(),
        };
        let is_empty = resolved.columns().next().is_none();
        (!is_empty).then_some(resolved)
    }
}

/// A source whose columns have been found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResolvedSource {
    first_of: Vec<usize>,
    join: Vec<usize>,
    labelled: Vec<usize>,
    rest_of: Vec<usize>,
    separator: String,
    split: Option<String>,
    unless: Option<usize>,
    value_of: Option<String>,
}

impl ResolvedSource {
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> {
        let lists = [&self.first_of, &self.join, &self.labelled, &self.rest_of];
        lists.into_iter().flatten().copied()
    }

    /// Returns the values of a field that can have several.
    pub(super) fn items<'a>(&self, raw: impl Fn(usize) -> Option<&'a str>) -> Vec<&'a str> {
        let cell = self.first_of.iter().find_map(|column| raw(*column)).unwrap_or_default();
        parts(cell, self.split.as_deref()).collect()
    }

    /// Returns the value of a field. `raw` returns a column's cell if it is not empty, and `name` a column's name.
    pub(super) fn value<'a>(
        &self,
        raw: impl Fn(usize) -> Option<&'a str>,
        name: impl Fn(usize) -> String,
    ) -> Option<Cow<'a, str>> {
        if let Some(cell) = self.first_of.iter().find_map(|column| raw(*column)) {
            let cell = match &self.value_of {
                Some(label) => labelled_value(cell, label)?,
                None => cell,
            };
            let cell = parts(cell, self.split.as_deref()).next()?;
            let is_excluded = self.unless.and_then(&raw) == Some(cell);
            return (!is_excluded).then_some(Cow::Borrowed(cell));
        }
        let mut texts: Vec<String> = self.join.iter().filter_map(|at| raw(*at)).map(str::to_owned).collect();
        texts.extend(self.labelled.iter().filter_map(|at| Some(format!("{}: {}", name(*at), raw(*at)?))));
        for column in &self.rest_of {
            let cell = raw(*column).unwrap_or_default();
            let rest: Vec<&str> = parts(cell, self.split.as_deref()).skip(1).collect();
            if !rest.is_empty() {
                texts.push(format!("{}, further: {}", name(*column), rest.join(", ")));
            }
        }
        (!texts.is_empty()).then(|| Cow::Owned(texts.join(&self.separator)))
    }
}

fn parts<'a>(cell: &'a str, split: Option<&str>) -> impl Iterator<Item = &'a str> {
    let parts: Vec<&str> = match split {
        Some(split) => cell.split(split).collect(),
        None => vec![cell],
    };
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty())
}

/// Returns the value with this label. A cell without any label has the first one.
fn labelled_value<'a>(cell: &'a str, label: &str) -> Option<&'a str> {
    let starts = LABELS.iter().filter_map(|label| Some((cell.find(&format!("{label}:"))?, *label)));
    let starts: BTreeMap<usize, &str> = starts.collect();
    if starts.is_empty() {
        return (label == LABELS[0]).then_some(cell);
    }
    let (start, _) = starts.iter().find(|(_, found)| **found == label)?;
    let end = starts.range(start + 1..).next().map_or(cell.len(), |(end, _)| *end);
    let value = cell[start + label.len() + 1..end].trim();
    (!value.is_empty()).then_some(value)
}

/// A field with its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSource<F> {
    /// The field.
    pub field: F,
    /// Where its value comes from.
    pub source: Source,
}

/// Translations of a field's values. The keys are in lower case.
pub type Translations = BTreeMap<String, String>;

/// The rules of a mapping file beyond choices of single columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingRules<F> {
    /// Fields with several columns, or with a part of one.
    pub sources: Vec<FieldSource<F>>,
    /// Translations of values.
    pub values: Vec<(F, Translations)>,
    /// Columns that are ignored.
    pub ignored: Vec<String>,
    /// The product whose export the file is to be.
    pub product: Option<Product>,
}

impl<F> Default for MappingRules<F> {
    fn default() -> Self {
        Self { sources: Vec::new(), values: Vec::new(), ignored: Vec::new(), product: None }
    }
}

/// A product, and the columns by which its export is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Name of the product.
    #[serde(rename = "product")]
    pub name: String,
    /// Columns that its export always has.
    pub columns: Vec<String>,
    /// Columns of which its export always has one.
    #[serde(default)]
    pub any_of: Vec<String>,
}

impl Product {
    /// Returns whether a header is that of the product's export.
    pub(super) fn matches<'a>(&self, header: impl Iterator<Item = &'a str> + Clone) -> bool {
        let has = |name: &String| header.clone().any(|column| folded(column) == folded(name));
        self.columns.iter().all(has) && (self.any_of.is_empty() || self.any_of.iter().any(has))
    }
}

/// The columns and constants of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMapping<F> {
    /// Fields of columns.
    pub columns: Vec<ColumnChoice<F>>,
    /// Values of fields that no column holds.
    pub constants: Vec<(F, String)>,
    /// Further rules.
    pub rules: MappingRules<F>,
}

impl<F> Default for FileMapping<F> {
    fn default() -> Self {
        Self { columns: Vec::new(), constants: Vec::new(), rules: MappingRules::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(source: &str, cells: &[&'static str]) -> Option<String> {
        let source: Source = toml::from_str(source).unwrap();
        let header: Vec<String> = ["a", "b", "CFT[c]"].map(str::to_owned).into();
        let resolved = source.resolve(&header, |name| header.iter().position(|column| column == name))?;
        let raw = |column: usize| cells.get(column).copied().filter(|cell| !cell.is_empty());
        resolved.value(raw, |column| header[column].clone()).map(Cow::into_owned)
    }

    #[test]
    fn values_come_from_several_columns_or_a_part_of_one() {
        for (source, cells, expected) in [
            ("first_of = ['a', 'b']", ["", "y", ""], Some("y")),
            ("join = ['a', 'b']", ["x", "y", ""], Some("x\ny")),
            ("join = ['a', 'b']\nseparator = ' '", ["", "y", ""], Some("y")),
            ("join = ['a']\nlabelled = ['b']", ["x", "y", ""], Some("x\nb: y")),
            ("labelled_prefixes = ['CFT[']", ["x", "y", "z"], Some("CFT[c]: z")),
            ("column = 'a'\nsplit = ','", ["x, z", "", ""], Some("x")),
            ("rest_of = ['a', 'b']\nsplit = ','", ["x, z,q", "y", ""], Some("a, further: z, q")),
            ("column = 'a'\nunless = 'b'", ["x", "x", ""], None),
            ("column = 'a'\nunless = 'b'", ["x", "y", ""], Some("x")),
            ("column = 'a'\nvalue_of = 'Phone'", ["(206) 555", "", ""], Some("(206) 555")),
            ("column = 'a'\nvalue_of = 'Phone'", ["Phone:1 Mobile:2", "", ""], Some("1")),
            ("column = 'a'\nvalue_of = 'Mobile'", ["Phone:1 Mobile:2", "", ""], Some("2")),
            ("column = 'a'\nvalue_of = 'Mobile'", ["(206) 555", "", ""], None),
            ("first_of = ['d']", ["x", "y", "z"], None),
        ] {
            assert_eq!(value(source, &cells).as_deref(), expected, "{source}");
        }
        assert!(toml::from_str::<Source>("colum = 'a'").is_err());
    }
}
