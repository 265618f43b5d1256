//! Variables of documents for which GraphQL's validation is too strict.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, FragmentDefinition, OperationDefinition, Selection,
    SelectionSet,
};
use async_graphql::{Name, Positioned};
use async_graphql_value::Value;

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// Removes the variables that an operation declares and does not use. Values for them are then not required.
pub fn drop_unused_variables(document: &mut ExecutableDocument) {
    let drop_unused = |operation: &mut Positioned<OperationDefinition>| {
        let operation = &mut operation.node;
        if !operation.variable_definitions.is_empty() {
            let used = Used::by(operation, &document.fragments);
            operation.variable_definitions.retain(|variable| used.0.contains(&variable.node.name.node));
        }
    };
    match &mut document.operations {
        DocumentOperations::Single(operation) => drop_unused(operation),
        DocumentOperations::Multiple(operations) => operations.values_mut().for_each(drop_unused),
    }
}

/// The variables that an operation uses.
#[derive(Default)]
struct Used(HashSet<Name>);

impl Used {
    /// Collects the variables in an operation and in the fragments that it spreads, each once.
    fn by(operation: &OperationDefinition, fragments: &Fragments) -> Self {
        let mut used = Self::default();
        used.add_directives(&operation.directives);
        let mut spreads = Vec::new();
        used.add_selections(&operation.selection_set.node, &mut spreads);
        let mut seen = HashSet::new();
        while let Some(name) = spreads.pop() {
            if let Some(fragment) = fragments.get(name).filter(|_| seen.insert(name)) {
                used.add_directives(&fragment.node.directives);
                used.add_selections(&fragment.node.selection_set.node, &mut spreads);
            }
        }
        used
    }

    /// The recursion is as deep as the brackets of the document, which [`crate::document`] limits.
    fn add_selections<'a>(&mut self, set: &'a SelectionSet, spreads: &mut Vec<&'a Name>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    self.add_directives(&field.node.directives);
                    field.node.arguments.iter().for_each(|(_, value)| self.add_value(&value.node));
                    self.add_selections(&field.node.selection_set.node, spreads);
                }
                Selection::InlineFragment(inline) => {
                    self.add_directives(&inline.node.directives);
                    self.add_selections(&inline.node.selection_set.node, spreads);
                }
                Selection::FragmentSpread(spread) => {
                    self.add_directives(&spread.node.directives);
                    spreads.push(&spread.node.fragment_name.node);
                }
            }
        }
    }

    fn add_directives(&mut self, directives: &[Positioned<Directive>]) {
        for (_, value) in directives.iter().flat_map(|directive| &directive.node.arguments) {
            self.add_value(&value.node);
        }
    }

    fn add_value(&mut self, value: &Value) {
        match value {
            Value::Variable(variable) => drop(self.0.insert(variable.clone())),
            Value::List(values) => values.iter().for_each(|value| self.add_value(value)),
            Value::Object(members) => members.values().for_each(|value| self.add_value(value)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    /// Checks which variables the operations of a document still declare.
    #[track_caller]
    fn check(query: &str, expected: &[&str]) {
        let mut document = parse_query(query).unwrap();
        drop_unused_variables(&mut document);
        let operations = document.operations.iter();
        let variables = operations.flat_map(|(_, operation)| &operation.node.variable_definitions);
        let mut names: Vec<&str> = variables.map(|one| one.node.name.node.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{query}");
    }

    #[test]
    fn variables_without_a_use_are_dropped() {
        check("query($a: Int, $b: String!) { x(a: 1) }", &[]);
        check("query($a: Int, $b: Int) { x(a: [{c: $a}]) }", &["a"]);
        check("query($a: Boolean!, $b: Int) { x @skip(if: $a) { y(b: $b) } }", &["a", "b"]);
        let spread = "query A($a: Int) { ...f } query B($b: Int, $a: Int) { y } fragment f on Q { ...g } \
                      fragment g on Q { ...f x(a: $a) } fragment h on Q { x(a: $b) }";
        check(spread, &["a"]);
    }
}
