//! Checks before a document is executed: its size, and the operation that it requests. Parsing and validating
//! a document take time proportional to its length or to the fields that its fragments expand to, so both are
//! limited.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Request, ServerError};

use crate::field_order::FieldOrder;
use crate::merge::{Interfaces, merge_duplicates};
use crate::nesting::nesting_depth;

/// Maximum length of a document, in bytes. The longest common introspection query has about 2,000.
const MAX_BYTES: usize = 50_000;

/// Maximum nesting depth of brackets.
const MAX_NESTING: usize = 40;

/// Maximum number of fields in a document after its fragments are expanded.
const MAX_FIELDS: u64 = 2_000;

/// Maximum depth of selections after fragments are expanded. Deeper ones would exhaust the stack of a recursion.
const MAX_LEVELS: usize = 64;

/// Maximum size of a description of the schema, as [`Extent::described`] estimates it. Common introspection queries
/// have less than 150,000.
const MAX_DESCRIBED: u64 = 300_000;

/// The lists of introspection, with the typical number of their elements.
const DESCRIPTIONS: [(&str, u64); 8] = [
    ("types", 40),
    ("fields", 10),
    ("args", 10),
    ("inputFields", 10),
    ("enumValues", 10),
    ("interfaces", 10),
    ("possibleTypes", 10),
    ("directives", 10),
];

/// Maximum length of a field's name or alias, in bytes: it is repeated for each customer of a response.
const MAX_NAME: usize = 100;

/// The operation that a request selects from its document.
#[derive(Debug)]
pub struct RequestedOperation {
    /// Query or mutation.
    pub kind: OperationType,
    /// The root fields.
    pub fields: Vec<RootField>,
    /// The order of the fields in the response.
    pub order: FieldOrder,
    /// The document to execute in place of the request's own, which must be valid, too: it selects no field twice.
    pub merged: Option<ExecutableDocument>,
}

/// A root field of an operation.
#[derive(Debug, PartialEq, Eq)]
pub struct RootField {
    /// Its name in the schema.
    pub name: Name,
    /// Its name in the response.
    pub response_key: Name,
    /// The names of its arguments.
    pub arguments: Vec<Name>,
}

/// Checks a document against the limits. Returns the operation that the request selects, or `None` if the
/// document has no operation with the requested name.
///
/// # Errors
/// Returns a [`ServerError`] if the document exceeds a limit, cannot be parsed, has a fragment that spreads
/// itself, describes the schema many times over, selects different fields with one response key, or selects a mutation
/// twice under different directives.
///
/// `adapt` changes the parsed document before anything else looks at it.
pub fn inspect(
    request: &mut Request,
    interfaces: Interfaces,
    adapt: fn(&mut ExecutableDocument),
) -> Result<Option<RequestedOperation>, ServerError> {
    if request.query.len() > MAX_BYTES {
        return Err(validation_error(format!("The document is longer than {MAX_BYTES} bytes")));
    }
    if nesting_depth(&request.query) > MAX_NESTING {
        return Err(validation_error(format!(
            "The document has brackets nested deeper than {MAX_NESTING} levels"
        )));
    }
    let name = request.operation_name.clone();
    let mut document = parse_query(&request.query)?;
    adapt(&mut document);
    request.set_parsed_query(document);
    let document = request.parsed_query()?;
    let mut counter = Counter { document, counted: HashMap::new() };
    let (mut fields, mut described) = (0_u64, 0);
    for (_, operation) in document.operations.iter() {
        let extent = counter.selection(&operation.node.selection_set, 0)?;
        fields = fields.saturating_add(extent.fields);
        described = described.max(extent.described);
    }
    // Validation follows fragments that no operation uses, too.
    for name in document.fragments.keys() {
        counter.fragment(name, 0)?;
    }
    if fields > MAX_FIELDS {
        return Err(validation_error(format!("The document selects more than {MAX_FIELDS} fields")));
    }
    if described > MAX_DESCRIBED {
        let message =
            "The document describes too much of the schema; nest fewer lists of types, fields and arguments";
        return Err(validation_error(message.to_owned()));
    }
    let mut operations = document.operations.iter();
    let requested = match name {
        Some(requested) => operations.find(|(name, _)| name.is_some_and(|name| name.as_str() == requested)),
        None => operations.next(),
    };
    requested.map(|(_, operation)| requested_operation(operation, document, interfaces)).transpose()
}

fn requested_operation(
    operation: &Positioned<OperationDefinition>,
    document: &ExecutableDocument,
    interfaces: Interfaces,
) -> Result<RequestedOperation, ServerError> {
    let merged = merge_duplicates(operation, document, interfaces)?;
    let mut fields = Vec::new();
    let executed = merged.as_ref().and_then(|merged| merged.operations.iter().next());
    let set = &executed.map_or(operation, |(_, merged)| merged).node.selection_set;
    collect_root_fields(set, document, &mut fields);
    let order = FieldOrder::of(&set.node, document);
    let kind = operation.node.ty;
    let mut keys = HashSet::new();
    let repeated = fields.iter().find(|field| !keys.insert(&field.response_key));
    match repeated.filter(|_| kind == OperationType::Mutation) {
        Some(RootField { response_key, .. }) => Err(validation_error(format!(
            "The mutation \"{response_key}\" is selected twice under different directives; select it once"
        ))),
        None => Ok(RequestedOperation { kind, fields, order, merged }),
    }
}

/// Collects a selection's own fields. The recursion ends because [`Counter`] has already rejected fragments that
/// spread themselves.
fn collect_root_fields(
    set: &Positioned<SelectionSet>,
    document: &ExecutableDocument,
    fields: &mut Vec<RootField>,
) {
    for selection in &set.node.items {
        match &selection.node {
            Selection::Field(field) => fields.push(RootField {
                name: field.node.name.node.clone(),
                response_key: field.node.response_key().node.clone(),
                arguments: field.node.arguments.iter().map(|(name, _)| name.node.clone()).collect(),
            }),
            Selection::InlineFragment(inline) => {
                collect_root_fields(&inline.node.selection_set, document, fields)
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    collect_root_fields(&fragment.node.selection_set, document, fields);
                }
            }
        }
    }
}

/// An error of a document that cannot be executed.
#[must_use]
pub fn validation_error(message: String) -> ServerError {
    ServerError::new(message, None)
}

/// The extent of a selection whose fragments are expanded.
#[derive(Debug, Clone, Copy, Default)]
struct Extent {
    fields: u64,
    /// Levels of selections below.
    levels: usize,
    /// Estimated number of values: each element of a list that describes the schema counts.
    described: u64,
}

/// Measures selections with their fragments expanded. Each fragment is measured only once, so the time is proportional
/// to the length of the document.
struct Counter<'a> {
    document: &'a ExecutableDocument,
    /// `None` marks a fragment that is being measured.
    counted: HashMap<&'a Name, Option<Extent>>,
}

impl<'a> Counter<'a> {
    /// Measures a selection that is `level` levels below its operation or fragment.
    fn selection(&mut self, set: &'a Positioned<SelectionSet>, level: usize) -> Result<Extent, ServerError> {
        check_level(level)?;
        let mut all = Extent::default();
        for selection in &set.node.items {
            let below = match &selection.node {
                Selection::Field(field) => {
                    if field.node.response_key().node.len() > MAX_NAME {
                        let message = format!("The document has a name longer than {MAX_NAME} characters");
                        return Err(validation_error(message));
                    }
                    let below = self.selection(&field.node.selection_set, level + 1)?;
                    with_field(&field.node.name.node, below)
                }
                Selection::InlineFragment(inline) => self.selection(&inline.node.selection_set, level + 1)?,
                Selection::FragmentSpread(spread) => {
                    self.fragment(&spread.node.fragment_name.node, level + 1)?
                }
            };
            all.fields = all.fields.saturating_add(below.fields);
            all.levels = all.levels.max(below.levels + 1);
            all.described = all.described.saturating_add(below.described);
        }
        Ok(all)
    }

    fn fragment(&mut self, name: &'a Name, level: usize) -> Result<Extent, ServerError> {
        // Unknown fragments select nothing, so they could multiply without being counted.
        let unknown = || validation_error(format!("Unknown fragment: \"{name}\""));
        let fragment = self.document.fragments.get(name).ok_or_else(unknown)?;
        match self.counted.get(name) {
            Some(Some(extent)) => {
                check_level(level + extent.levels)?;
                return Ok(*extent);
            }
            Some(None) => {
                return Err(validation_error(format!("Cannot spread fragment \"{name}\" within itself")));
            }
            None => {}
        }
        self.counted.insert(name, None);
        let extent = self.selection(&fragment.node.selection_set, level)?;
        self.counted.insert(name, Some(extent));
        Ok(extent)
    }
}

/// Adds a field to what is selected below it.
fn with_field(name: &Name, below: Extent) -> Extent {
    let elements =
        DESCRIPTIONS.iter().find(|(list, _)| *list == name.as_str()).map_or(1, |(_, count)| *count);
    let described = below.described.saturating_mul(elements).saturating_add(1);
    Extent { fields: below.fields.saturating_add(1), described, ..below }
}

fn check_level(level: usize) -> Result<(), ServerError> {
    if level > MAX_LEVELS {
        return Err(validation_error(format!(
            "The document nests fields and fragments deeper than {MAX_LEVELS} levels"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(query: &str, expected: Result<Option<OperationType>, &str>) {
        let found = inspect(&mut Request::new(query), &[], |_| {}).map_err(|e| e.message);
        let found = found.map(|operation| operation.map(|operation| operation.kind));
        assert_eq!(found, expected.map_err(str::to_owned), "{query}");
    }

    #[test]
    fn inspect_returns_the_requested_operation() {
        check("{ me { id } }", Ok(Some(OperationType::Query)));
        check("mutation M { x }", Ok(Some(OperationType::Mutation)));
        let two = "query A { x } mutation B { y }";
        let named = |name: &str| inspect(&mut Request::new(two).operation_name(name), &[], |_| {}).unwrap();
        let found = named("B").unwrap();
        assert_eq!(found.kind, OperationType::Mutation);
        assert_eq!(found.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(), ["y"]);
        assert!(named("C").is_none());
    }

    #[test]
    fn deeply_nested_brackets_are_rejected() {
        let error = Err("The document has brackets nested deeper than 40 levels");
        check(&"{a".repeat(41), error);
        check(&format!("{{ a(b: {}", "[".repeat(49_000)), error);
        check(&format!("{{ a(b: \"{}\") }}", "(".repeat(100)), Ok(Some(OperationType::Query)));
    }

    #[test]
    fn multiplying_and_cyclic_fragments_are_rejected() {
        let doubling: String = (0..30).fold(String::new(), |all, n| {
            all + &format!("fragment f{n} on Query {{ ...f{m} ...f{m} }} ", m = n + 1)
        });
        let query = format!("{{ ...f0 }} {doubling} fragment f30 on Query {{ me {{ id }} }}");
        check(&query, Err("The document selects more than 2000 fields"));
        let cycle = "{ ...a } fragment a on Query { ...b ...b } fragment b on Query { ...a ...a }";
        check(cycle, Err("Cannot spread fragment \"a\" within itself"));
    }

    #[test]
    fn repeated_mutations_are_merged_or_rejected() {
        let root_fields = |query: &str| {
            inspect(&mut Request::new(query), &[], |_| {}).map(|found| found.unwrap().fields.len())
        };
        assert_eq!(root_fields("mutation { x { a } ...f ...f } fragment f on M { x { a } y }").unwrap(), 2);
        let error = root_fields("mutation($a: Boolean!) { x ... @include(if: $a) { x } }").unwrap_err();
        let expected = "The mutation \"x\" is selected twice under different directives; select it once";
        assert_eq!(error.message, expected);
        assert_eq!(root_fields("query($a: Boolean!) { x ... @include(if: $a) { x } }").unwrap(), 2);
    }

    #[test]
    fn long_chains_of_fragments_are_rejected() {
        let chain = |length: usize, start: &str, end: &str| {
            let fragment = |n: usize| format!("fragment f{n} on Q {{{start} ...f{m} {end}}}", m = n + 1);
            let fragments: String = (0..length - 1).map(fragment).collect();
            format!("{{...f0}} {fragments} fragment f{last} on Q {{ a }}", last = length - 1)
        };
        check(&chain(60, "", ""), Ok(Some(OperationType::Query)));
        let expected = Err("The document nests fields and fragments deeper than 64 levels");
        check(&chain(65, "", ""), expected);
        check(&chain(1_500, "", ""), expected);
        check(&chain(400, &"a{".repeat(30), &"}".repeat(30)), expected);
        // A chain that no operation uses is followed by validation.
        check(&chain(1_500, "", "").replacen("{...f0}", "{ a }", 1), expected);
        // The end of the chain is measured before its start is.
        let reversed = chain(200, "", "").replacen("{...f0}", "query A {...f150} query B {...f0}", 1);
        check(&reversed, expected);
    }

    #[test]
    fn unknown_fragments_are_rejected_before_they_multiply() {
        let doubling: String =
            (0..55).map(|n| format!("fragment f{n} on Q {{ ...f{m} ...f{m} }} ", m = n + 1)).collect();
        check(&format!("{{ ...f0 }} {doubling}"), Err("Unknown fragment: \"f55\""));
    }

    #[test]
    fn descriptions_of_the_schema_that_multiply_are_rejected() {
        let describe = |levels: usize, leaves: usize| {
            let aliases: String = (0..leaves).map(|n| format!(" a{n}: name")).collect();
            let (start, end) = ("fields{type{".repeat(levels), "}}".repeat(levels));
            format!("__schema{{types{{{start} {aliases} {end}}}}}")
        };
        let one = |levels, leaves| format!("{{ {} }}", describe(levels, leaves));
        check(&one(3, 5), Ok(Some(OperationType::Query)));
        let expected =
            "The document describes too much of the schema; nest fewer lists of types, fields and arguments";
        check(&format!("{{ {0} other: {0} }}", describe(3, 5)), Err(expected));
        check(&one(3, 20), Err(expected));
        check(&one(6, 1), Err(expected));
        check(&one(2, 100), Err(expected));
    }

    #[test]
    fn long_names_are_rejected() {
        check(&format!("{{ {}: x }}", "a".repeat(100)), Ok(Some(OperationType::Query)));
        let expected = Err("The document has a name longer than 100 characters");
        check(&format!("{{ a {{ {}: x }} }}", "a".repeat(101)), expected);
    }

    proptest! {
        #[test]
        fn inspect_never_panics(query in "[{}()\\[\\]\"#\\\\a$:! \n…]{0,60}") {
            let _either_way = inspect(&mut Request::new(query), &[], |_| {});
        }
    }
}
