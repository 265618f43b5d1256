//! What a column of a file can hold: a field, its names, and what a file must have of the fields.

use std::fmt::Debug;

/// A field that a column can fill: an enumeration, of customers or of prices.
pub trait ImportField: Copy + Eq + Debug + Send + Sync + 'static {
    /// Every field with its names, in the order of the enumeration.
    const NAMES: &'static [FieldNames<Self>];

    /// Fields that several columns may seem to hold, with the header names of which the first that is there is
    /// taken; folded. Of any other field, two columns are one too many.
    const BEST_OF: &'static [(Self, &'static [&'static str])] = &[];

    /// The field's place in the enumeration.
    fn place(self) -> usize;

    /// What a file lacks whose columns hold these fields, if anything.
    fn lacking(holds: impl Fn(Self) -> bool) -> Option<MissingField>;

    /// Whether the field's values are imported, or it is just known.
    fn is_imported(self) -> bool {
        true
    }

    /// Every field.
    fn all() -> impl Iterator<Item = Self> {
        Self::NAMES.iter().map(|names| names.field)
    }

    /// The field's name, as `--map` takes it.
    #[must_use]
    fn name(self) -> &'static str {
        Self::NAMES[self.place()].name
    }

    /// The field of this name. Case, spaces, `_` and `-` do not matter.
    #[must_use]
    fn named(name: &str) -> Option<Self> {
        let name = folded(name);
        Self::all().find(|field| folded(field.name()) == name)
    }

    /// The field that a column with this header holds, by its name or another name it is known by.
    #[must_use]
    fn of_header(header: &str) -> Option<Self> {
        let header = folded(header);
        let is_named = |names: &&FieldNames<Self>| {
            folded(names.name) == header || names.aliases.contains(&header.as_str())
        };
        Self::NAMES.iter().find(is_named).map(|names| names.field)
    }

    /// The names of all fields, for a message.
    #[must_use]
    fn all_names() -> String {
        let names: Vec<&str> = Self::all().map(Self::name).collect();
        names.join(", ")
    }
}

/// A field, its name, and the header names that it is known by beside its own; see [`folded`].
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

/// What no column of a file holds that one must, and the name of a field that would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingField {
    /// `a name or an email address`.
    pub what: &'static str,
    /// `lastName`.
    pub such_as: &'static str,
}

/// A header name without what does not matter in it: case, spaces, `_` and `-`.
#[must_use]
pub fn folded(header: &str) -> String {
    header
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Checks that the names stand in the order of the fields, and that no two are the same.
    pub(in crate::import) fn check_names<F: ImportField>() {
        let mut seen = BTreeSet::new();
        for (place, names) in F::NAMES.iter().enumerate() {
            assert_eq!(names.field.place(), place);
            assert!(seen.insert(folded(names.name)), "{}", names.name);
            for alias in names.aliases {
                assert_eq!(folded(alias), *alias);
                assert!(seen.insert((*alias).to_owned()), "{alias}");
            }
        }
    }
}
