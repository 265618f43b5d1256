//! Checks before a document is executed: its size, and the operation that it requests. Parsing and validating
//! a document take time proportional to its length or to the fields that its fragments expand to, so both are
//! limited.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Request, ServerError};

use crate::merge::merge_duplicates;

/// Maximum length of a document, in bytes. The longest common introspection query has about 2,000.
const MAX_BYTES: usize = 50_000;

/// Maximum nesting depth of brackets.
const MAX_NESTING: usize = 40;

/// Maximum number of fields in a document after its fragments are expanded.
const MAX_FIELDS: u64 = 2_000;

/// Maximum length of a field's name or alias, in bytes: it is repeated for each customer of a response.
const MAX_NAME: usize = 100;

/// The operation that a request selects from its document.
#[derive(Debug)]
pub struct RequestedOperation {
    /// Query or mutation.
    pub kind: OperationType,
    /// The root fields in document order.
    pub fields: Vec<RootField>,
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
/// itself, or selects a mutation twice under different directives.
pub fn inspect(request: &mut Request) -> Result<Option<RequestedOperation>, ServerError> {
    if request.query.len() > MAX_BYTES {
        return Err(validation_error(format!("The document is longer than {MAX_BYTES} bytes")));
    }
    if nesting_depth(&request.query) > MAX_NESTING {
        return Err(validation_error(format!(
            "The document has brackets nested deeper than {MAX_NESTING} levels"
        )));
    }
    let name = request.operation_name.clone();
    let document = request.parsed_query()?;
    let mut fields = 0_u64;
    let mut counted = HashMap::new();
    for (_, operation) in document.operations.iter() {
        fields = fields.saturating_add(count_fields(&operation.node.selection_set, document, &mut counted)?);
    }
    if fields > MAX_FIELDS {
        return Err(validation_error(format!("The document selects more than {MAX_FIELDS} fields")));
    }
    let mut operations = document.operations.iter();
    let requested = match name {
        Some(requested) => operations.find(|(name, _)| name.is_some_and(|name| name.as_str() == requested)),
        None => operations.next(),
    };
    requested.map(|(_, operation)| requested_operation(operation, document)).transpose()
}

fn requested_operation(
    operation: &Positioned<OperationDefinition>,
    document: &ExecutableDocument,
) -> Result<RequestedOperation, ServerError> {
    let merged = merge_duplicates(operation, document);
    let mut fields = Vec::new();
    match merged.as_ref().and_then(|merged| merged.operations.iter().next()) {
        Some((_, merged)) => collect_root_fields(&merged.node.selection_set, document, &mut fields),
        None => collect_root_fields(&operation.node.selection_set, document, &mut fields),
    }
    let kind = operation.node.ty;
    let mut keys = HashSet::new();
    let repeated = fields.iter().find(|field| !keys.insert(&field.response_key));
    match repeated.filter(|_| kind == OperationType::Mutation) {
        Some(RootField { response_key, .. }) => Err(validation_error(format!(
            "The mutation \"{response_key}\" is selected twice under different directives; select it once"
        ))),
        None => Ok(RequestedOperation { kind, fields, merged }),
    }
}

/// Collects a selection's own fields. The recursion ends because [`count_fields`] has already rejected fragments
/// that spread themselves.
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

/// Counts the fields of a selection with its fragments expanded. Each fragment is counted only once, so the
/// time is proportional to the length of the document. In `counted`, `None` marks a fragment that is being
/// counted.
fn count_fields<'a>(
    set: &'a Positioned<SelectionSet>,
    document: &'a ExecutableDocument,
    counted: &mut HashMap<&'a Name, Option<u64>>,
) -> Result<u64, ServerError> {
    let mut fields = 0_u64;
    for selection in &set.node.items {
        let more = match &selection.node {
            Selection::Field(field) => {
                if field.node.response_key().node.len() > MAX_NAME {
                    let message = format!("The document has a name longer than {MAX_NAME} characters");
                    return Err(validation_error(message));
                }
                count_fields(&field.node.selection_set, document, counted)?.saturating_add(1)
            }
            Selection::InlineFragment(inline) => count_fields(&inline.node.selection_set, document, counted)?,
            Selection::FragmentSpread(spread) => {
                count_fragment(&spread.node.fragment_name.node, document, counted)?
            }
        };
        fields = fields.saturating_add(more);
    }
    Ok(fields)
}

fn count_fragment<'a>(
    name: &'a Name,
    document: &'a ExecutableDocument,
    counted: &mut HashMap<&'a Name, Option<u64>>,
) -> Result<u64, ServerError> {
    // Validation reports unknown fragments later.
    let Some(fragment) = document.fragments.get(name) else { return Ok(0) };
    match counted.get(name) {
        Some(Some(fields)) => return Ok(*fields),
        Some(None) => {
            return Err(validation_error(format!("Cannot spread fragment \"{name}\" within itself")));
        }
        None => {}
    }
    counted.insert(name, None);
    let fields = count_fields(&fragment.node.selection_set, document, counted)?;
    counted.insert(name, Some(fields));
    Ok(fields)
}

/// Returns the nesting depth of the brackets outside strings and comments.
fn nesting_depth(query: &str) -> usize {
    let (mut depth, mut max_depth) = (0_usize, 0);
    let mut rest = query;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '#' => after.split_once(['\n', '\r']).map_or("", |(_, next)| next),
            '"' => match rest.strip_prefix("\"\"\"") {
                Some(block) => after_block_string(block),
                None => after_string(after),
            },
            '{' | '[' | '(' => {
                depth += 1;
                max_depth = max_depth.max(depth);
                after
            }
            '}' | ']' | ')' => {
                depth = depth.saturating_sub(1);
                after
            }
            _ => after,
        };
    }
    max_depth
}

/// Returns the text after a string's closing quotation mark, or after the end of the line if the string is
/// not closed.
fn after_string(text: &str) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' | '\n' | '\r' => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

/// Returns the text after the closing quotation marks of a block string.
fn after_block_string(text: &str) -> &str {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\"\"\"") {
        if !before.ends_with('\\') {
            return after;
        }
        rest = after;
    }
    ""
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(query: &str, expected: Result<Option<OperationType>, &str>) {
        let found = inspect(&mut Request::new(query)).map_err(|e| e.message);
        let found = found.map(|operation| operation.map(|operation| operation.kind));
        assert_eq!(found, expected.map_err(str::to_owned), "{query}");
    }

    #[test]
    fn inspect_returns_the_requested_operation() {
        check("{ me { id } }", Ok(Some(OperationType::Query)));
        check("mutation M { x }", Ok(Some(OperationType::Mutation)));
        let two = "query A { x } mutation B { y }";
        let named = |name: &str| inspect(&mut Request::new(two).operation_name(name)).unwrap();
        let found = named("B").unwrap();
        assert_eq!(found.kind, OperationType::Mutation);
        assert_eq!(found.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(), ["y"]);
        assert!(named("C").is_none());
    }

    #[test]
    fn brackets_in_strings_and_comments_are_ignored() {
        let many = "(".repeat(100);
        check(&format!("{{ a(b: \"{many}\\\"{many}\") # {many}\n }}"), Ok(Some(OperationType::Query)));
        check(&format!("{{ a(b: \"\"\"{many}\\\"\"\"{many}\"\"\") }}"), Ok(Some(OperationType::Query)));
        check(&"{a".repeat(41), Err("The document has brackets nested deeper than 40 levels"));
        check(
            &format!("{{ a(b: {}", "[".repeat(49_000)),
            Err("The document has brackets nested deeper than 40 levels"),
        );
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
        let root_fields =
            |query: &str| inspect(&mut Request::new(query)).map(|found| found.unwrap().fields.len());
        assert_eq!(root_fields("mutation { x { a } ...f ...f } fragment f on M { x { a } y }").unwrap(), 2);
        let error = root_fields("mutation($a: Boolean!) { x ... @include(if: $a) { x } }").unwrap_err();
        let expected = "The mutation \"x\" is selected twice under different directives; select it once";
        assert_eq!(error.message, expected);
        assert_eq!(root_fields("query($a: Boolean!) { x ... @include(if: $a) { x } }").unwrap(), 2);
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
            let _either_way = inspect(&mut Request::new(query));
        }
    }
}
