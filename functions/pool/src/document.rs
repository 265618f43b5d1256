//! What is looked at before a document is executed: its size, for reading and checking it take time that grows
//! with it, or with what its fragments expand to; and which operation is asked for.

use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Request, ServerError};

/// The longest document, in bytes. The longest introspection query in use has some 2,000.
const LONGEST: usize = 50_000;

/// How deep brackets may stand in each other.
const MAX_NESTING: usize = 40;

/// How many fields a document may have once its fragments are written out.
const MAX_FIELDS: u64 = 2_000;

/// The operation that is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RequestedOperation {
    pub(crate) kind: OperationType,
    /// The names of its fields in the answer, in their order.
    pub(crate) fields: Vec<Name>,
}

/// Looks at a document; returns the operation that is asked for, if there is one of that name.
pub(crate) fn inspect(request: &mut Request) -> Result<Option<RequestedOperation>, ServerError> {
    if request.query.len() > LONGEST {
        return Err(refused(format!("The document has more than {LONGEST} bytes")));
    }
    if nesting(&request.query) > MAX_NESTING {
        return Err(refused(format!("The document is nested deeper than {MAX_NESTING} brackets")));
    }
    let name = request.operation_name.clone();
    let document = request.parsed_query()?;
    let mut fields = 0_u64;
    let mut known = HashMap::new();
    for (_, operation) in document.operations.iter() {
        fields = fields.saturating_add(count(&operation.node.selection_set, document, &mut known)?);
    }
    if fields > MAX_FIELDS {
        return Err(refused(format!("The document asks for more than {MAX_FIELDS} fields")));
    }
    let mut operations = document.operations.iter();
    let asked = match name {
        Some(name) => operations.find(|(own, _)| own.is_some_and(|own| own.as_str() == name)),
        None => operations.next(),
    };
    Ok(asked.map(|(_, operation)| {
        let mut fields = Vec::new();
        names(&operation.node.selection_set, document, &mut fields);
        RequestedOperation { kind: operation.node.ty, fields }
    }))
}

/// The names of a selection's own fields. Fragments do not hold themselves: that was looked at before.
fn names(set: &Positioned<SelectionSet>, document: &ExecutableDocument, found: &mut Vec<Name>) {
    for selection in &set.node.items {
        match &selection.node {
            Selection::Field(field) => found.push(field.node.response_key().node.clone()),
            Selection::InlineFragment(inline) => names(&inline.node.selection_set, document, found),
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    names(&fragment.node.selection_set, document, found);
                }
            }
        }
    }
}

fn refused(message: String) -> ServerError {
    ServerError::new(message, None)
}

/// How many fields a selection has with its fragments written out. What a fragment has is counted once and
/// remembered, so that this takes no longer than the document is.
fn count<'a>(
    set: &'a Positioned<SelectionSet>,
    document: &'a ExecutableDocument,
    known: &mut HashMap<&'a Name, Option<u64>>,
) -> Result<u64, ServerError> {
    let mut fields = 0_u64;
    for selection in &set.node.items {
        let more = match &selection.node {
            Selection::Field(field) => count(&field.node.selection_set, document, known)?.saturating_add(1),
            Selection::InlineFragment(inline) => count(&inline.node.selection_set, document, known)?,
            Selection::FragmentSpread(spread) => {
                count_fragment(&spread.node.fragment_name.node, document, known)?
            }
        };
        fields = fields.saturating_add(more);
    }
    Ok(fields)
}

fn count_fragment<'a>(
    name: &'a Name,
    document: &'a ExecutableDocument,
    known: &mut HashMap<&'a Name, Option<u64>>,
) -> Result<u64, ServerError> {
    // An unknown fragment is told by the rules of GraphQL.
    let Some(fragment) = document.fragments.get(name) else { return Ok(0) };
    match known.get(name) {
        Some(Some(fields)) => return Ok(*fields),
        Some(None) => return Err(refused(format!("The fragment \"{name}\" holds itself"))),
        None => {}
    }
    known.insert(name, None);
    let fields = count(&fragment.node.selection_set, document, known)?;
    known.insert(name, Some(fields));
    Ok(fields)
}

/// How deep brackets stand in each other, outside texts and comments.
fn nesting(query: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut rest = query;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '#' => after.split_once(['\n', '\r']).map_or("", |(_, next)| next),
            '"' => match rest.strip_prefix("\"\"\"") {
                Some(block) => after_block(block),
                None => after_text(after),
            },
            '{' | '[' | '(' => {
                depth += 1;
                deepest = deepest.max(depth);
                after
            }
            '}' | ']' | ')' => {
                depth = depth.saturating_sub(1);
                after
            }
            _ => after,
        };
    }
    deepest
}

/// What follows a text in quotes; a line's end breaks it off.
fn after_text(text: &str) -> &str {
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

/// What follows a text in three quotes.
fn after_block(text: &str) -> &str {
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
        let found = found.map(|asked| asked.map(|asked| asked.kind));
        assert_eq!(found, expected.map_err(str::to_owned), "{query}");
    }

    #[test]
    fn the_operation_is_told() {
        check("{ me { id } }", Ok(Some(OperationType::Query)));
        check("mutation M { x }", Ok(Some(OperationType::Mutation)));
        let two = "query A { x } mutation B { y }";
        let named = |name: &str| inspect(&mut Request::new(two).operation_name(name)).unwrap();
        assert_eq!(
            named("B"),
            Some(RequestedOperation { kind: OperationType::Mutation, fields: vec![Name::new("y")] })
        );
        assert_eq!(named("C"), None);
    }

    #[test]
    fn brackets_in_texts_and_comments_do_not_count() {
        let many = "(".repeat(100);
        check(&format!("{{ a(b: \"{many}\\\"{many}\") # {many}\n }}"), Ok(Some(OperationType::Query)));
        check(&format!("{{ a(b: \"\"\"{many}\\\"\"\"{many}\"\"\") }}"), Ok(Some(OperationType::Query)));
        check(&"{a".repeat(41), Err("The document is nested deeper than 40 brackets"));
        check(
            &format!("{{ a(b: {}", "[".repeat(49_000)),
            Err("The document is nested deeper than 40 brackets"),
        );
    }

    #[test]
    fn fragments_that_multiply_are_refused_at_once() {
        let doubling: String = (0..30).fold(String::new(), |all, n| {
            all + &format!("fragment f{n} on Query {{ ...f{m} ...f{m} }} ", m = n + 1)
        });
        let query = format!("{{ ...f0 }} {doubling} fragment f30 on Query {{ me {{ id }} }}");
        check(&query, Err("The document asks for more than 2000 fields"));
        let circle = "{ ...a } fragment a on Query { ...b ...b } fragment b on Query { ...a ...a }";
        check(circle, Err("The fragment \"a\" holds itself"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(query in "[{}()\\[\\]\"#\\\\a$:! \n…]{0,60}") {
            let _either_way = inspect(&mut Request::new(query));
        }
    }
}
