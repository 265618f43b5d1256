//! The signature of a webhook: base64 of HMAC-SHA256 of the body with the verifier token of the Intuit app.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use sha2::Sha256;

use clientele_functions_common::VerifierToken;

/// The header with the signature.
pub const HEADER: &str = "intuit-signature";

/// Returns whether the headers have one signature and it is that of this body. The comparison takes constant time.
#[must_use]
pub fn is_valid(token: &VerifierToken, headers: &HeaderMap, body: &[u8]) -> bool {
    let mut values = headers.get_all(HEADER).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Ok(signature) = STANDARD.decode(value.as_bytes()) else { return false };
    // HMAC accepts keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(token.reveal()) else { return false };
    mac.update(body);
    mac.verify_slice(&signature).is_ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// Made with `printf '[]' | openssl dgst -sha256 -hmac token -binary | base64`.
    const SIGNATURE: &str = "Ssk0jcwTlW3vsC2Y0nsWB2okr1VMioDpSHWeNwVs4P8=";

    fn is_accepted(values: &[&str], body: &str) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_str(value).unwrap());
        }
        is_valid(&VerifierToken::new("token").unwrap(), &headers, body.as_bytes())
    }

    #[test]
    fn only_one_signature_of_exactly_this_body_is_accepted() {
        assert!(is_accepted(&[SIGNATURE], "[]"));
        assert!(!is_accepted(&[SIGNATURE], "[ ]"));
        assert!(!is_accepted(&[], "[]"));
        assert!(!is_accepted(&[SIGNATURE, SIGNATURE], "[]"));
        for malformed in ["", "=", "é", &SIGNATURE[..40], &SIGNATURE[1..], &format!("{SIGNATURE}AAAA")] {
            assert!(!is_accepted(&[malformed], "[]"), "{malformed:?}");
        }
    }
}
