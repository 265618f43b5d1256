//! API keys: the secret, which is shown once, and the record, which is stored.

use std::fmt;
use std::str::FromStr;

use base16ct::lower;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Settings, Tenant, TenantId, Timestamp};
use crate::{Error, Result};

/// Which of a tenant's two sets of records a key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The real records.
    Live,
    /// The sandbox: a separate set of records for testing.
    Test,
}

impl FromStr for Mode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "live" => Ok(Self::Live),
            "test" => Ok(Self::Test),
            _ => Err("must be live or test"),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Live => "live",
            Self::Test => "test",
        })
    }
}

/// A kind of operation that a key can allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Get, list and search records.
    Read,
    /// Create, change, delete and restore records.
    Write,
    /// Export whole sets of records as files.
    Export,
}

impl Scope {
    /// Returns `read`, `write` or `export`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Export => "export",
        }
    }
}

/// The scopes of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Returns all scopes.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![Scope::Read, Scope::Write, Scope::Export])
    }

    /// Returns whether the key has this scope.
    #[must_use]
    pub fn allow(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }
}

impl FromStr for Scopes {
    type Err = String;

    /// Parses a comma-separated list such as `read,write`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut scopes = Vec::new();
        for word in text.split(',').map(str::trim) {
            let scope = match word {
                "read" => Scope::Read,
                "write" => Scope::Write,
                "export" => Scope::Export,
                other => {
                    return Err(format!("`{other}` is not a scope; use read, write or export"));
                }
            };
            scopes.push(scope);
        }
        scopes.sort_unstable();
        scopes.dedup();
        Ok(Self(scopes))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|scope| scope.as_str()).collect();
        f.write_str(&words.join(","))
    }
}

/// Public id of a key, for lists and logs: the first 12 hex digits of its hash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiKeyId(String);

impl ApiKeyId {
    /// Returns the id of the key whose secret has this hash.
    #[must_use]
    pub fn from_hash(hash: &SecretHash) -> Self {
        Self(hash.0[..12].to_owned())
    }

    /// Creates an id from text that a person typed.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key's secret: `ctc_live_` or `ctc_test_`, followed by the base64url of 32 random bytes.
///
/// It does not implement `Display`, and its `Debug` output hides the text, so that it cannot leak into a log.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Generates a secret from the operating system's random number generator.
    ///
    /// # Errors
    /// Returns [`Error::Internal`] if the operating system cannot supply random bytes.
    #[expect(
        clippy::disallowed_methods,
        reason = "a secret must not depend on a randomness that tests can set"
    )]
    pub fn generate(mode: Mode) -> Result<Self> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|e| Error::internal("generating a secret", e.to_string()))?;
        let prefix = match mode {
            Mode::Live => "ctc_live_",
            Mode::Test => "ctc_test_",
        };
        Ok(Self(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// Returns the secret that a caller sent, or `None` if the text cannot be one: a secret starts with
    /// `ctc_` and has at most 200 bytes.
    #[must_use]
    pub fn from_caller(text: &str) -> Option<Self> {
        (text.starts_with("ctc_") && text.len() <= 200).then(|| Self(text.to_owned()))
    }

    /// Returns the hash, which is stored in place of the secret.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(lower::encode_string(&Sha256::digest(self.0.as_bytes())))
    }

    /// Returns the secret in plain text. Show it to its owner once, and nowhere else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// SHA-256 of a secret, as 64 lower-case hex digits. Comparison takes constant time.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(String);

impl SecretHash {
    /// Returns the 64 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for SecretHash {}

/// The stored record of a key. It holds everything that a function must know about its caller, so that one
/// read is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Hash of the secret.
    pub hash: SecretHash,
    /// The tenant that owns the key.
    pub tenant: TenantId,
    /// Live records or the sandbox.
    pub mode: Mode,
    /// The operations that the key is allowed to use.
    pub scopes: Scopes,
    /// The owner's name for the key.
    pub name: String,
    /// When the key was created.
    pub created_at: Timestamp,
    /// A copy of the tenant's settings, updated whenever they change.
    #[serde(default)]
    pub settings: Settings,
}

impl ApiKey {
    /// Returns the key's public id.
    #[must_use]
    pub fn id(&self) -> ApiKeyId {
        ApiKeyId::from_hash(&self.hash)
    }

    /// Returns the set of records that the key opens.
    #[must_use]
    pub fn tenant(&self) -> Tenant {
        Tenant::new(&self.tenant, self.mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_has_the_documented_format_and_is_hidden_from_debug() {
        let secret = Secret::generate(Mode::Live).unwrap();
        assert!(secret.reveal().starts_with("ctc_live_"));
        assert_eq!(secret.reveal().len(), "ctc_live_".len() + 43);
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_ne!(secret.hash(), Secret::generate(Mode::Live).unwrap().hash());
    }

    #[test]
    fn hash_is_sha_256_in_hex() {
        let secret = Secret::from_caller("ctc_abc").unwrap();
        // printf ctc_abc | sha256sum
        assert_eq!(
            secret.hash().as_str(),
            "cee03657c257486f182fcf357a00202c861633358421b4f9586dfe6ab27df7bb"
        );
    }

    #[test]
    fn scopes_parse_in_any_order() {
        assert_eq!("write, read".parse::<Scopes>().unwrap().to_string(), "read,write");
        assert!("admin".parse::<Scopes>().is_err());
    }
}
