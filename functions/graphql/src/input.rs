//! Members of input objects, in the form that all dialects read.

use async_graphql::MaybeUndefined;

use clientele_functions_common::form::Member;

/// Returns what a client sent for a text field.
#[must_use]
pub fn member(value: &MaybeUndefined<String>) -> Member<'_> {
    match value {
        MaybeUndefined::Undefined => Member::Absent,
        MaybeUndefined::Null => Member::Null,
        MaybeUndefined::Value(text) => Member::Text(text),
    }
}
