//! The order of a response's fields. `async-graphql` returns them in the order in which they were resolved; GraphQL requires
//! the order of the document.

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, Value};

/// The response keys of a selection in the order of the document, each with the order of the fields below it.
#[derive(Debug, Default)]
pub struct FieldOrder(IndexMap<Name, FieldOrder>);

impl FieldOrder {
    /// Returns the order of a selection. The recursion ends because documents whose fragments spread themselves have been
    /// refused.
    pub(crate) fn of(set: &SelectionSet, document: &ExecutableDocument) -> Self {
        let mut order = Self::default();
        order.add(set, document);
        order
    }

    fn add(&mut self, set: &SelectionSet, document: &ExecutableDocument) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let below = self.0.entry(field.node.response_key().node.clone()).or_default();
                    below.add(&field.node.selection_set.node, document);
                }
                Selection::InlineFragment(inline) => self.add(&inline.node.selection_set.node, document),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                        self.add(&fragment.node.selection_set.node, document);
                    }
                }
            }
        }
    }

    /// Puts the fields of a response in order.
    pub(crate) fn apply(&self, value: &mut Value) {
        match value {
            Value::List(values) => values.iter_mut().for_each(|value| self.apply(value)),
            // Objects without a selection are scalars.
            Value::Object(object) if !self.0.is_empty() => {
                let position = |name: &Name| self.0.get_index_of(name);
                if !object.keys().map(position).is_sorted() {
                    object.sort_by_cached_key(|name, _| position(name));
                }
                for (name, below) in self.0.iter().filter(|(_, below)| !below.0.is_empty()) {
                    if let Some(value) = object.get_mut(name) {
                        below.apply(value);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_put_in_the_order_of_the_document_at_every_level() {
        let query = "{ z ...f x: a { d c } } fragment f on Q { y x: a { e } }";
        let document = parse_query(query).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let order = FieldOrder::of(&operation.node.selection_set.node, &document);
        let scalar = json!({"b": 1, "a": 2});
        let response = json!({"x": [{"c": 3, "e": 1, "d": 2}, null], "y": scalar, "z": 0});
        let mut value = Value::from_json(response).unwrap();
        order.apply(&mut value);
        let expected = r#"{"z":0,"y":{"b":1,"a":2},"x":[{"e":1,"d":2,"c":3},null]}"#;
        let sorted = serde_json::to_string(&value).unwrap();
        // Objects of `json!` have their members in alphabetical order.
        assert_eq!(sorted, expected.replace(r#"{"b":1,"a":2}"#, r#"{"a":2,"b":1}"#));
    }
}
