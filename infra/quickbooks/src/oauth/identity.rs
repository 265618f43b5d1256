//! OpenID Connect: the user, and the identity tokens that name the user.
//!
//! The tokens are signed with a key that is part of the source, so that no key has to be generated. They
//! prove nothing; only a stand-in can use such a key.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::RSA_PKCS1_SHA256;
use serde_json::{Value, json};

use super::{ACCESS_SECONDS, App};

/// The published signing key: base64 of PKCS#1.
const SIGNING_KEY: &str = include_str!("signing-key.txt");
/// Name of the key.
const KEY_ID: &str = "stand-in";

/// The person who consents, as the user-info endpoint returns it.
#[must_use]
pub fn user() -> Value {
    json!({
        "sub": "5f1c2f4e-6d3a-4c1b-9a55-2f3f2d4f7a10",
        "email": "owner@example.com",
        "emailVerified": true,
        "givenName": "Robin",
        "familyName": "Owner",
    })
}

/// Returns the claims of an identity token.
#[must_use]
pub fn claims(issuer: &str, app: &App, nonce: Option<&str>, now: Timestamp) -> Value {
    let mut claims = json!({
        "sub": user()["sub"],
        "aud": [app.client_id],
        "realmid": app.realm_id,
        "auth_time": now.as_second(),
        "iss": issuer,
        "iat": now.as_second(),
        "exp": now.as_second() + ACCESS_SECONDS,
    });
    if let Some(nonce) = nonce {
        claims["nonce"] = nonce.into();
    }
    claims
}

/// Returns a signed token (JWS, RS256) with these claims.
#[must_use]
pub fn sign(claims: &Value) -> String {
    let header = json!({ "alg": "RS256", "kid": KEY_ID, "typ": "JWT" });
    let signed =
        format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
    let Some(key) = key() else { return String::new() };
    let mut signature = vec![0; key.public().modulus_len()];
    match key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature) {
        Ok(()) => format!("{signed}.{}", base64url(&signature)),
        Err(ring::error::Unspecified) => String::new(),
    }
}

/// Returns the public key as a JSON Web Key Set.
#[must_use]
pub fn keys() -> Value {
    let Some(key) = key() else { return json!({ "keys": [] }) };
    let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(key.public());
    json!({
        "keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": base64url(&n), "e": base64url(&e),
        }],
    })
}

/// Reads the signing key. A test proves that it can be read.
fn key() -> Option<KeyPair> {
    let encoded: String = SIGNING_KEY.split_whitespace().collect();
    KeyPair::from_der(&STANDARD.decode(encoded).ok()?).ok()
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

    use super::*;

    #[test]
    fn published_key_verifies_the_signature() {
        let token = sign(&json!({ "sub": "x" }));
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let key = &keys()["keys"][0];
        let key = RsaPublicKeyComponents {
            n: decode(key["n"].as_str().unwrap()),
            e: decode(key["e"].as_str().unwrap()),
        };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &decode(signature)).unwrap();
    }
}
