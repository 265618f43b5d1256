//! The fields that columns can fill: their names, and which of them a file must have.

use std::fmt::{Debug, Display};

/// A field that a column can fill: an enumeration of the fields of customers or of prices.
pub trait ImportField: Copy + Eq + Debug + Send + Sync + 'static {
    /// All fields with their names, in the order of the enumeration.
    const NAMES: &'static [FieldNames<Self>];

    /// Fields that several columns can claim, with their folded header names in order of preference: the
    /// first one that exists is used. For any other field, a second column is an error.
    const BEST_OF: &'static [(Self, &'static [&'static str])] = &[];

    /// Returns the field's position in the enumeration.
    fn index(self) -> usize;

    /// Returns the required field that is missing, if any; `holds` returns whether a column fills a field.
    fn missing(holds: impl Fn(Self) -> bool) -> Option<MissingField>;

    /// Returns whether the field's values are imported, rather than recognised and ignored.
    fn is_imported(self) -> bool {
        true
    }

    /// Fields that every export of these records has as columns; none if such an export is not recognised.
    const EXPORT_MARKS: &'static [Self] = &[];

    /// Returns whether an export of these records can have a column with the field's name.
    fn is_exported(self) -> bool {
        true
    }

    /// Returns whether the field holds several values, separated by `;`.
    fn is_list(self) -> bool {
        false
    }

    /// Returns all fields.
    fn all() -> impl Iterator<Item = Self> {
        Self::NAMES.iter().map(|names| names.field)
    }

    /// Returns the field's name, as `--map` accepts it.
    #[must_use]
    fn name(self) -> &'static str {
        Self::NAMES[self.index()].name
    }

    /// Returns the field with this name. Case, spaces, `_` and `-` do not matter.
    #[must_use]
    fn named(name: &str) -> Option<Self> {
        let name = folded(name);
        Self::all().find(|field| folded(field.name()) == name)
    }

    /// Returns the field that a column with this header fills, by the field's name or an alias.
    #[must_use]
    fn of_header(header: &str) -> Option<Self> {
        let header = folded(header);
        let is_named = |names: &&FieldNames<Self>| {
            folded(names.name) == header || names.aliases.contains(&header.as_str())
        };
        Self::NAMES.iter().find(is_named).map(|names| names.field)
    }

    /// Returns the names of all fields, for a message.
    #[must_use]
    fn all_names() -> String {
        let names: Vec<&str> = Self::all().map(Self::name).collect();
        names.join(", ")
    }
}

/// A field with its name and its aliases: other header names for it, in [`folded`] form.
#[derive(Debug)]
pub struct FieldNames<F> {
    pub(super) field: F,
    pub(super) name: &'static str,
    pub(super) aliases: &'static [&'static str],
}

pub(super) const fn names<F: Copy>(
    field: F,
    name: &'static str,
    aliases: &'static [&'static str],
) -> FieldNames<F> {
    FieldNames { field, name, aliases }
}

/// A required field that no column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingField {
    /// Description of the required values, such as `a name or an email address`.
    pub what: &'static str,
    /// Name of a field that would be sufficient, such as `lastName`.
    pub example: &'static str,
}

/// Returns a header name in lower case, without white space, `_` and `-`.
#[must_use]
pub fn folded(header: &str) -> String {
    header
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Returns the key with this name. Case, spaces, `_` and `-` do not matter.
pub(crate) fn key_named<K: Copy + Display>(name: &str, keys: &[K]) -> Result<K, String> {
    let name = folded(name);
    let key = keys.iter().find(|key| folded(&key.to_string()) == name);
    let names = || keys.iter().map(K::to_string).collect::<Vec<_>>().join(", ");
    key.copied().ok_or_else(|| format!("must be one of {}", names()))
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Checks that the names are in the order of the fields, and that no two are the same.
    pub(in crate::import) fn check_names<F: ImportField>() {
        let mut seen = BTreeSet::new();
        for (index, names) in F::NAMES.iter().enumerate() {
            assert_eq!(names.field.index(), index);
            assert!(seen.insert(folded(names.name)), "{}", names.name);
            for alias in names.aliases {
                assert_eq!(folded(alias), *alias);
                assert!(seen.insert((*alias).to_owned()), "{alias}");
            }
        }
    }
}
