//! A response body that is produced while it is sent, in constant memory.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::ready;
use futures::stream::{self, BoxStream, Stream, StreamExt};
use http_body::{Body, Frame};

use clientele_shared::{Error, Result};

/// The chunks of a body. Nothing follows an error, and the sender of the body must then close the connection,
/// because a partial body must not look complete.
pub struct StreamingBody(BoxStream<'static, Result<Bytes>>);

impl StreamingBody {
    /// Creates a body from the chunks of a stream, up to its first error.
    #[must_use]
    pub fn new(chunks: impl Stream<Item = Result<Bytes>> + Send + 'static) -> Self {
        let until_error = chunks.scan(false, |has_failed, chunk| {
            let chunk = (!*has_failed).then_some(chunk);
            *has_failed = matches!(chunk, Some(Err(_)));
            ready(chunk)
        });
        Self(until_error.boxed())
    }

    /// Returns the same body, calling `report` with the error that ends it early.
    #[must_use]
    pub fn on_error(self, report: impl Fn(&Error) + Send + 'static) -> Self {
        let chunks = self.0.inspect(move |chunk| {
            if let Err(error) = chunk {
                report(error);
            }
        });
        Self(chunks.boxed())
    }
}

/// Creates a body from a complete text, such as that of an error.
impl From<String> for StreamingBody {
    fn from(text: String) -> Self {
        Self::new(stream::once(ready(Ok(text.into()))))
    }
}

impl Body for StreamingBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        self.0.poll_next_unpin(context).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }
}
