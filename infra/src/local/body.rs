//! Limits for the bodies of requests: their size, the memory for all of them together, and the time to arrive.
//!
//! The gateway and the local replacements of AWS services share them. Anyone on this machine can send bodies, because
//! API keys are checked by the functions, after the body has arrived.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep, timeout};

/// Time limit for a client to send a body that is kept in memory, and for each chunk of one that is not.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// Memory for all bodies together, in bytes.
const MEMORY: usize = 64 * 1024 * 1024;

/// The reason why a body is not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The body exceeds the limit for its size.
    #[error("the body is too large")]
    TooLarge,
    /// The body did not arrive in time.
    #[error("the body did not arrive within {} seconds", TIME_LIMIT.as_secs())]
    TimedOut,
    /// Other bodies take up the memory.
    #[error("too many bodies are being received")]
    NoMemory,
    /// The client has disconnected or violated the protocol.
    #[error("the body ended early")]
    Interrupted,
}

/// The memory for all bodies. Clones share it.
#[derive(Debug, Clone)]
pub struct Bodies {
    /// One permit for each byte that may be in memory at the same time.
    memory: Arc<Semaphore>,
}

impl Default for Bodies {
    fn default() -> Self {
        Self::with_memory(MEMORY)
    }
}

impl Bodies {
    /// Creates the limits with this memory for all bodies together, in bytes.
    #[must_use]
    pub(super) fn with_memory(bytes: usize) -> Self {
        Self { memory: Arc::new(Semaphore::new(bytes)) }
    }

    /// Reads a body of at most `limit` bytes. Returns it with its share of the memory.
    ///
    /// # Errors
    ///
    /// Returns the [`BodyError`] of the limit that is exceeded, and [`BodyError::Interrupted`] if the client does not
    /// send the whole body.
    pub async fn read(&self, body: Body, limit: usize) -> Result<(Bytes, OwnedSemaphorePermit), BodyError> {
        // If Content-Length already exceeds the limit, the request is rejected before the client sends the body.
        if body.size_hint().lower() > limit as u64 {
            return Err(BodyError::TooLarge);
        }
        timeout(TIME_LIMIT, self.read_frames(Limited::new(body, limit)))
            .await
            .unwrap_or(Err(BodyError::TimedOut))
    }

    async fn read_frames(&self, mut body: Limited<Body>) -> Result<(Bytes, OwnedSemaphorePermit), BodyError> {
        let mut memory = self.reserve(0)?;
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => {
                    let Ok(data) = frame.into_data() else { continue };
                    memory.merge(self.reserve(data.len())?);
                    bytes.extend_from_slice(&data);
                }
                Err(error) if error.is::<LengthLimitError>() => return Err(BodyError::TooLarge),
                Err(_) => return Err(BodyError::Interrupted),
            }
        }
        Ok((bytes.into(), memory))
    }

    /// Reserves memory for this many bytes.
    fn reserve(&self, bytes: usize) -> Result<OwnedSemaphorePermit, BodyError> {
        let bytes = u32::try_from(bytes).map_err(|_| BodyError::TooLarge)?;
        Arc::clone(&self.memory).try_acquire_many_owned(bytes).map_err(|_| BodyError::NoMemory)
    }
}

/// A body that is not kept in memory: reading it fails if the next chunk does not arrive in time.
///
/// tower-http has such a body, but it hides the length, without which S3 refuses an upload.
#[derive(Debug)]
pub struct TimedBody {
    body: Body,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl TimedBody {
    /// Limits the time for each chunk of `body`.
    #[must_use]
    pub fn new(body: Body) -> Self {
        Self { body, deadline: None }
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = axum::Error;

    #[expect(clippy::disallowed_methods, reason = "a deadline for the next chunk")]
    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.deadline = None;
            return Poll::Ready(frame);
        }
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(TIME_LIMIT)));
        deadline.as_mut().poll(context).map(|()| Some(Err(axum::Error::new(BodyError::TimedOut))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt as _, stream};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn timed_body_fails_if_a_chunk_does_not_arrive() {
        let chunks = stream::iter([Ok::<_, BodyError>("a"), Ok("b")]);
        let whole = TimedBody::new(Body::from_stream(chunks.clone())).collect().await.unwrap().to_bytes();
        assert_eq!(whole, "ab");
        let endless = TimedBody::new(Body::from_stream(chunks.chain(stream::pending())));
        let failed = timeout(TIME_LIMIT * 2, endless.collect()).await.unwrap();
        assert!(failed.unwrap_err().to_string().contains("within 30 seconds"));
    }

    #[test]
    fn timed_body_has_the_length_of_the_body() {
        assert_eq!(TimedBody::new(Body::from("abc")).size_hint().exact(), Some(3));
    }
}
