//! A body that is made while it is sent, in constant memory.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::ready;
use futures::stream::{self, BoxStream, Stream, StreamExt};
use http_body::{Body, Frame};

use clientele_shared::{Error, Result};

/// The parts of a body, one after the other. After an error nothing follows, and whoever sends the body breaks the
/// connection: half a body must not look whole.
pub struct StreamingBody(BoxStream<'static, Result<Bytes>>);

impl StreamingBody {
    /// The parts that a stream gives, up to its first error.
    #[must_use]
    pub fn new(parts: impl Stream<Item = Result<Bytes>> + Send + 'static) -> Self {
        let until_error = parts.scan(false, |is_broken, part| {
            let part = (!*is_broken).then_some(part);
            *is_broken = matches!(part, Some(Err(_)));
            ready(part)
        });
        Self(until_error.boxed())
    }

    /// The same parts; `broken` is told of the error that ends them early.
    #[must_use]
    pub fn on_error(self, broken: impl Fn(&Error) + Send + 'static) -> Self {
        let told = self.0.inspect(move |part| {
            if let Err(error) = part {
                broken(error);
            }
        });
        Self(told.boxed())
    }
}

/// A body that is there already, as errors are.
impl From<String> for StreamingBody {
    fn from(text: String) -> Self {
        Self::new(stream::once(ready(Ok(text.into()))))
    }
}

impl Body for StreamingBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        self.0.poll_next_unpin(context).map(|part| part.map(|part| part.map(Frame::data)))
    }
}
