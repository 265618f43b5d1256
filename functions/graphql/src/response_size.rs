//! The size of a response, bounded while it is built: aliases can repeat a long text any number of times.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{Context, ContextSelectionSet, OutputType, Positioned, ServerResult, Value};

use clientele_shared::rules::size::enveloped_length;

/// Maximum size of a response, in bytes of the JSON string that a Lambda returns. Lambda's own limit is 6 MB.
pub const MAX_BYTES: usize = 5_500_000;

/// Returns the message for a document that asks for more than a function can return. The writes of a mutation took effect all
/// the same; `advice` tells what to ask for instead.
#[must_use]
pub fn too_large(is_mutation: bool, advice: &str) -> String {
    let advice = if is_mutation {
        "the changes were made: do not send them again, and select fewer fields next time"
    } else {
        advice
    };
    let megabytes = MAX_BYTES / 100_000;
    format!("The response would be larger than {}.{} MB; {advice}", megabytes / 10, megabytes % 10)
}

/// The size of the texts that a response has so far, in bytes. It is part of the data of each request. Values of a few
/// bytes are not counted, because the complexity of a document bounds their number.
#[derive(Debug, Default)]
pub struct ResponseSize(AtomicUsize);

impl ResponseSize {
    /// Returns whether the response is larger than [`MAX_BYTES`]. Texts beyond that are `null` in it, so it must not be
    /// sent.
    #[must_use]
    pub fn is_exceeded(&self) -> bool {
        self.0.load(Ordering::Relaxed) > MAX_BYTES
    }

    /// Adds a text and returns whether it still fits.
    fn add(&self, bytes: usize) -> bool {
        self.0.fetch_add(bytes, Ordering::Relaxed) + bytes <= MAX_BYTES
    }
}

/// Counts the bytes of a value towards the [`ResponseSize`] of the request, and returns whether it still fits. One that
/// does not is left out, because the response is not sent.
///
/// # Errors
/// Returns an error if the request's data has no [`ResponseSize`].
pub fn take_room(context: &Context<'_>, bytes: usize) -> async_graphql::Result<bool> {
    Ok(context.data::<Arc<ResponseSize>>()?.add(bytes))
}

/// Returns a text that was made for the response, or an empty one if it no longer fits ([`take_room`]).
///
/// # Errors
/// Returns an error if the request's data has no [`ResponseSize`].
pub fn owned_text(context: &Context<'_>, text: String) -> async_graphql::Result<String> {
    Ok(if take_room(context, enveloped_length(&text) + 2)? { text } else { String::new() })
}

/// A text of a record, which counts towards the [`ResponseSize`] of the request. A text that no longer fits is `null`,
/// because a response with it is not sent.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a>(pub &'a str);

impl OutputType for Text<'_> {
    fn type_name() -> Cow<'static, str> {
        <str as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <str as OutputType>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        context: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let size = context.data::<Arc<ResponseSize>>().map_err(|e| e.into_server_error(field.pos))?;
        let key = enveloped_length(&field.node.response_key().node);
        let bytes = key + enveloped_length(self.0) + 2;
        Ok(if size.add(bytes) { Value::String(self.0.to_owned()) } else { Value::Null })
    }
}
