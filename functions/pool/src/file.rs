//! A CSV file as an answer: its headers, and the most that can be sent of it.

use bytes::Bytes;
use futures::future::ready;
use futures::stream::{self, Stream, StreamExt};
use http::{StatusCode, header};

use clientele_functions_common::{Reply, StreamingBody};
use clientele_shared::csv::FormulaGuard;
use clientele_shared::model::Settings;
use clientele_shared::{Error, Result};

/// The most bytes that Lambda sends in one answer.
pub(crate) const MAX_BYTES: u64 = 200 * 1024 * 1024;

/// Whether the tenant wants cells marked that a spreadsheet would run.
pub(crate) fn guard(settings: &Settings) -> FormulaGuard {
    if settings.csv_formula_guard { FormulaGuard::On } else { FormulaGuard::Off }
}

/// The answer with a file of this name: what is there already, and the rest while it is made.
pub(crate) fn reply(
    name: &str,
    begin: Vec<u8>,
    rest: impl Stream<Item = Result<Vec<u8>>> + Send + 'static,
) -> Reply<StreamingBody> {
    let parts = stream::once(ready(Ok(begin))).chain(rest);
    let counted = parts.scan(MAX_BYTES, |left, part| ready(Some(part.and_then(|part| within(left, part)))));
    Reply::of(StatusCode::OK, "text/csv; charset=utf-8", StreamingBody::new(counted))
        .with(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))
        .with(header::CACHE_CONTROL, "no-store")
}

/// The part, if it can still be sent: Lambda would end the answer before it as if that were the whole.
fn within(left: &mut u64, part: Vec<u8>) -> Result<Bytes> {
    let after = left.checked_sub(part.len() as u64);
    *left = after.ok_or_else(|| Error::broken("a file grew beyond what Lambda sends"))?;
    Ok(part.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_breaks_off() {
        let mut left = 5;
        assert_eq!(within(&mut left, b"abc".to_vec()).unwrap(), "abc");
        assert_eq!(within(&mut left, b"de".to_vec()).unwrap(), "de");
        assert!(within(&mut left, b"f".to_vec()).is_err());
    }
}
