//! Merging: a field that a document selects several times is executed once.
//!
//! GraphQL merges fields with the same response key (specification, "Field Selection Merging"). `async-graphql` executes
//! each of them and merges the results, so fragments that are spread repeatedly would multiply reads, and a mutation that
//! is selected twice would write twice.
//!
//! Two fields with the same response key must be the same field with the same arguments. The validation of `async-graphql`
//! does not compare fields of fragments with others, so it is checked here.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, Field, InlineFragment, OperationDefinition, Selection,
    SelectionSet, TypeCondition,
};
use async_graphql::{Name, Pos, Positioned, ServerError};
use async_graphql_value::Value;

/// The names of fields whose type is an interface, each with the only type that implements it. Every field of that name must
/// have this type or the interface.
pub type Interfaces = &'static [(&'static str, &'static str)];

/// Returns the document of one operation in which no place selects a field twice, except under different directives;
/// `None` if that is so already. Fragments are expanded in place, so the document has no fragment definitions.
///
/// That is right for valid documents of a schema without unions whose interfaces have one type each: there, a fragment has
/// the type of its place. Documents that are invalid in another way than these errors must be refused before the merged one is
/// executed.
///
/// # Errors
/// Returns an error if two fields with the same response key differ.
pub(crate) fn merge_duplicates(
    operation: &Positioned<OperationDefinition>,
    document: &ExecutableDocument,
    interfaces: Interfaces,
) -> Result<Option<ExecutableDocument>, ServerError> {
    if !can_have_duplicates(&operation.node.selection_set.node) {
        return Ok(None);
    }
    let before = &operation.node.selection_set;
    let items = merge_items(&[&before.node], document, interfaces)?;
    let after = Positioned::new(SelectionSet { items }, before.pos);
    if count(&after.node, document) == count(&before.node, document) {
        return Ok(None);
    }
    let merged = OperationDefinition { selection_set: after, ..operation.node.clone() };
    let operations = DocumentOperations::Single(Positioned::new(merged, operation.pos));
    Ok(Some(ExecutableDocument { operations, fragments: HashMap::new() }))
}

/// Whether a place selects a field twice or a fragment, which can repeat a field.
fn can_have_duplicates(set: &SelectionSet) -> bool {
    let mut keys = HashSet::new();
    set.items.iter().any(|selection| match &selection.node {
        Selection::Field(field) => {
            !keys.insert(&field.node.response_key().node)
                || can_have_duplicates(&field.node.selection_set.node)
        }
        Selection::InlineFragment(_) | Selection::FragmentSpread(_) => true,
    })
}

/// The fields of a selection, with fragments expanded. [`super::document`] has bounded their number.
fn count(set: &SelectionSet, document: &ExecutableDocument) -> usize {
    let fields = set.items.iter().map(|selection| match &selection.node {
        Selection::Field(field) => 1 + count(&field.node.selection_set.node, document),
        Selection::InlineFragment(inline) => count(&inline.node.selection_set.node, document),
        Selection::FragmentSpread(spread) => {
            let fragment = document.fragments.get(&spread.node.fragment_name.node);
            fragment.map_or(0, |fragment| count(&fragment.node.selection_set.node, document))
        }
    });
    fields.sum()
}

/// One place of a selection: a field, or the fields under a directive.
struct Group<'a> {
    first: Selected<'a>,
    sets: Vec<&'a SelectionSet>,
}

#[derive(Clone, Copy)]
enum Selected<'a> {
    Field(&'a Positioned<Field>),
    /// A fragment with directives.
    Conditional(&'a [Positioned<Directive>]),
}

impl Selected<'_> {
    /// Whether two selections are the same place.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => {
                a.node.response_key().node == b.node.response_key().node
                    && are_same(&a.node.directives, &b.node.directives)
            }
            (Self::Conditional(a), Self::Conditional(b)) => are_same(a, b),
            _ => false,
        }
    }
}

/// Whether two selections are the same field with the same arguments, in any order.
fn is_same_field(one: &Field, other: &Field) -> bool {
    let has = |field: &Field, name: &Name, value: &Value| {
        field.arguments.iter().any(|(own, argument)| own.node == *name && argument.node == *value)
    };
    one.name.node == other.name.node
        && one.arguments.len() == other.arguments.len()
        && one.arguments.iter().all(|(name, value)| has(other, &name.node, &value.node))
}

fn are_same(a: &[Positioned<Directive>], b: &[Positioned<Directive>]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            let arguments = |directive: &Directive| {
                let arguments = directive.arguments.iter();
                arguments.map(|(name, value)| (name.node.clone(), value.node.clone())).collect::<Vec<_>>()
            };
            a.node.name.node == b.node.name.node && arguments(&a.node) == arguments(&b.node)
        })
}

/// The selections of one place in the order of their first occurrence.
#[derive(Default)]
struct Groups<'a> {
    groups: Vec<Group<'a>>,
    by_key: HashMap<Option<&'a Name>, Vec<usize>>,
}

impl<'a> Groups<'a> {
    fn add(&mut self, selected: Selected<'a>, set: &'a SelectionSet) -> Result<(), ServerError> {
        let key = match selected {
            Selected::Field(field) => Some(&field.node.response_key().node),
            Selected::Conditional(_) => None,
        };
        let candidates = self.by_key.entry(key).or_default();
        if let (Selected::Field(field), Some(first)) = (selected, candidates.first())
            && let Selected::Field(first) = self.groups[*first].first
            && !is_same_field(&field.node, &first.node)
        {
            let message = format!(
                "The fields \"{}\" differ in name or arguments; give one of them another alias",
                field.node.response_key().node
            );
            return Err(ServerError::new(message, Some(field.pos)));
        }
        let same = candidates.iter().copied().find(|at| self.groups[*at].first.is_same(&selected));
        match same {
            Some(at) => self.groups[at].sets.push(set),
            None => {
                candidates.push(self.groups.len());
                self.groups.push(Group { first: selected, sets: vec![set] });
            }
        }
        Ok(())
    }

    fn add_all(
        &mut self,
        set: &'a SelectionSet,
        document: &'a ExecutableDocument,
    ) -> Result<(), ServerError> {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    self.add(Selected::Field(field), &field.node.selection_set.node)?;
                }
                Selection::InlineFragment(inline) => {
                    self.add_fragment(&inline.node.directives, &inline.node.selection_set.node, document)?;
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                        let set = &fragment.node.selection_set.node;
                        self.add_fragment(&spread.node.directives, set, document)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn add_fragment(
        &mut self,
        directives: &'a [Positioned<Directive>],
        set: &'a SelectionSet,
        document: &'a ExecutableDocument,
    ) -> Result<(), ServerError> {
        if directives.is_empty() {
            self.add_all(set, document)
        } else {
            self.add(Selected::Conditional(directives), set)
        }
    }
}

fn merge_items(
    sets: &[&SelectionSet],
    document: &ExecutableDocument,
    interfaces: Interfaces,
) -> Result<Vec<Positioned<Selection>>, ServerError> {
    let mut groups = Groups::default();
    for set in sets {
        groups.add_all(set, document)?;
    }
    let items = groups.groups.into_iter().map(|Group { first, sets }| {
        let items = merge_items(&sets, document, interfaces)?;
        Ok(match first {
            Selected::Field(field) => {
                let pos = field.node.selection_set.pos;
                let interface = interfaces.iter().find(|(name, _)| *name == field.node.name.node.as_str());
                let items = match interface {
                    Some((_, implementor)) => vec![fragment(Some(implementor), &[], items, pos)],
                    None => items,
                };
                let selection_set = Positioned::new(SelectionSet { items }, pos);
                let merged = Field { selection_set, ..field.node.clone() };
                Positioned::new(Selection::Field(Positioned::new(merged, field.pos)), field.pos)
            }
            Selected::Conditional(directives) => {
                let pos = directives.first().map(|directive| directive.pos).unwrap_or_default();
                fragment(None, directives, items, pos)
            }
        })
    });
    items.collect()
}

fn fragment(
    on: Option<&str>,
    directives: &[Positioned<Directive>],
    items: Vec<Positioned<Selection>>,
    pos: Pos,
) -> Positioned<Selection> {
    let condition = |on| Positioned::new(TypeCondition { on: Positioned::new(Name::new(on), pos) }, pos);
    let inline = InlineFragment {
        type_condition: on.map(condition),
        directives: directives.to_vec(),
        selection_set: Positioned::new(SelectionSet { items }, pos),
    };
    Positioned::new(Selection::InlineFragment(Positioned::new(inline, pos)), pos)
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    /// A selection in one line.
    fn show(items: &[Positioned<Selection>]) -> String {
        let show_one = |selection: &Positioned<Selection>| match &selection.node {
            Selection::Field(field) => {
                let below = show(&field.node.selection_set.node.items);
                let directives: String =
                    field.node.directives.iter().map(|one| format!("@{}", one.node.name.node)).collect();
                let key = &field.node.response_key().node;
                if below.is_empty() {
                    format!("{key}{directives}")
                } else {
                    format!("{key}{directives}{{{below}}}")
                }
            }
            Selection::InlineFragment(inline) => {
                let on = inline
                    .node
                    .type_condition
                    .iter()
                    .map(|condition| format!("on {}", condition.node.on.node));
                let directives = inline.node.directives.iter().map(|one| format!("@{}", one.node.name.node));
                let name: String = on.chain(directives).collect();
                format!("...{name}{{{}}}", show(&inline.node.selection_set.node.items))
            }
            Selection::FragmentSpread(_) => "spread".into(),
        };
        items.iter().map(show_one).collect::<Vec<_>>().join(" ")
    }

    /// The merged document in one line; `None` if there is nothing to merge.
    fn merged(query: &str) -> Result<Option<String>, String> {
        let document = parse_query(query).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let merged =
            merge_duplicates(operation, &document, &[("node", "A")]).map_err(|error| error.message)?;
        Ok(merged.map(|merged| {
            let (_, operation) = merged.operations.iter().next().unwrap();
            show(&operation.node.selection_set.node.items)
        }))
    }

    #[track_caller]
    fn check(query: &str, expected: &str) {
        assert_eq!(merged(query), Ok(Some(expected.to_owned())), "{query}");
    }

    #[test]
    fn fields_are_merged_at_every_level() {
        check("{ a { x } b a { y x } }", "a{x y} b");
        check("{ a: c { x } b: c { x } a: c { x } }", "a{x} b{x}");
        check("{ ...f a { y } } fragment f on Q { a { x } ... { a { z } } }", "a{x z y}");
        let doubling = "{ ...f } fragment f on Q { ...g ...g } fragment g on Q { a { ...h ...h } } fragment h on A { x }";
        check(doubling, "a{x}");
    }

    #[test]
    fn fields_of_an_interface_stay_in_a_fragment_on_its_type() {
        check(
            "{ node { id ... on A { x { y } } ...f } } fragment f on A { x { z } }",
            "node{...on A{id x{y z}}}",
        );
    }

    #[test]
    fn directives_keep_selections_apart() {
        check("{ a @skip(if: true) { x } a { x } a @skip(if: true) { y } }", "a@skip{x y} a{x}");
        let twice =
            "{ ...f @include(if: $a) ...f @include(if: $a) ...f @skip(if: $a) } fragment f on Q { a { x } }";
        check(twice, "...@include{a{x}} ...@skip{a{x}}");
    }

    #[test]
    fn documents_without_duplicates_stay_as_they_are() {
        for query in [
            "{ a { x } ...f } fragment f on Q { b { x } }",
            "{ a: c { x } b: c { x } }",
            "{ a { x } ... @include(if: $a) { b } }",
            "{ a { ... on A { x } } b { ...f } } fragment f on B { x }",
        ] {
            assert_eq!(merged(query), Ok(None), "{query}");
        }
    }

    #[test]
    fn different_fields_with_one_response_key_are_refused() {
        for query in [
            "{ ...f a(x: 1) { b } } fragment f on Q { a(x: 2) { b } }",
            "{ ...f a: c } fragment f on Q { a: d }",
            "{ a { x: b } a { x: c } }",
            "{ a { ...f } ... { a { x(y: $v) } } } fragment f on A { x(y: 1) }",
            "{ a(x: 1) @skip(if: $s) { b } a(x: 2) { b } }",
        ] {
            assert!(merged(query).unwrap_err().contains("differ in name or arguments"), "{query}");
        }
        check("{ ...f a(x: 1, y: [2]) { b } } fragment f on Q { a(y: [2], x: 1) { c } }", "a{c b}");
    }
}
