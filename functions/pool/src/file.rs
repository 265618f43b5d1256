//! A CSV file as a streamed response: its headers and its maximum size.

use bytes::Bytes;
use futures::future::ready;
use futures::stream::{self, Stream, StreamExt};
use http::{StatusCode, header};

use clientele_functions_common::{Reply, StreamingBody};
use clientele_shared::csv::FormulaGuard;
use clientele_shared::model::Settings;
use clientele_shared::{Error, Result};

/// Maximum size of a streamed Lambda response, in bytes (200 MB).
pub(crate) const MAX_BYTES: u64 = 200 * 1024 * 1024;

/// Returns the formula guard that the tenant's settings select.
pub(crate) fn guard(settings: &Settings) -> FormulaGuard {
    if settings.csv_formula_guard { FormulaGuard::On } else { FormulaGuard::Off }
}

/// Creates a response that sends a file of this name: first `head`, then each part of `rest` as it is
/// produced.
pub(crate) fn reply(
    name: &str,
    head: Vec<u8>,
    rest: impl Stream<Item = Result<Vec<u8>>> + Send + 'static,
) -> Reply<StreamingBody> {
    let parts = stream::once(ready(Ok(head))).chain(rest);
    let counted =
        parts.scan(MAX_BYTES, |left, part| ready(Some(part.and_then(|part| within_limit(left, part)))));
    Reply::of(StatusCode::OK, "text/csv; charset=utf-8", StreamingBody::new(counted))
        .with(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))
        .with(header::CACHE_CONTROL, "no-store")
}

/// Returns the part, and subtracts its length from the bytes left to send.
///
/// # Errors
/// Returns [`Error::Internal`] if the part does not fit, because Lambda would silently cut the response
/// short.
fn within_limit(left: &mut u64, part: Vec<u8>) -> Result<Bytes> {
    let after = left.checked_sub(part.len() as u64);
    *left = after.ok_or_else(|| Error::broken("a file grew beyond the 200 MB that Lambda streams"))?;
    Ok(part.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_beyond_the_limit_are_errors() {
        let mut left = 5;
        assert_eq!(within_limit(&mut left, b"abc".to_vec()).unwrap(), "abc");
        assert_eq!(within_limit(&mut left, b"de".to_vec()).unwrap(), "de");
        assert!(within_limit(&mut left, b"f".to_vec()).is_err());
    }
}
