//! Random identifiers and secrets.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Returns a random text of `bytes` random bytes, in the alphabet of base64url.
///
/// # Panics
///
/// Panics if the operating system has no randomness, because no secret can be created then.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place where the stand-in takes randomness")]
#[expect(clippy::expect_used, reason = "no secret can be created without randomness")]
pub fn secret(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer).expect("the operating system provides randomness");
    URL_SAFE_NO_PAD.encode(buffer)
}

/// Returns a random identifier in the form of a UUID, as `intuit_tid` has it.
#[must_use]
pub fn identifier() -> String {
    let random = secret(16);
    let bytes = URL_SAFE_NO_PAD.decode(random).unwrap_or_default();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
