//! API keys: the secret that is shown once, and what is kept of it.

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
    /// The sandbox: records of its own, for trying things out.
    Test,
}

impl FromStr for Mode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "live" => Ok(Self::Live),
            "test" => Ok(Self::Test),
            _ => Err("write live or test"),
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

/// One thing a key may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Get, list and search records.
    Read,
    /// Create, change, delete and restore records.
    Write,
    /// Take whole sets of records out as files.
    Export,
}

impl Scope {
    /// `read`, `write` or `export`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Export => "export",
        }
    }
}

/// The things a key may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Every scope there is.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![Scope::Read, Scope::Write, Scope::Export])
    }

    /// Whether this scope is among them.
    #[must_use]
    pub fn allow(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }
}

impl FromStr for Scopes {
    type Err = String;

    /// Reads `read,write`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut scopes = Vec::new();
        for word in text.split(',').map(str::trim) {
            let scope = match word {
                "read" => Scope::Read,
                "write" => Scope::Write,
                "export" => Scope::Export,
                other => {
                    return Err(format!("`{other}` is not a scope; the scopes are read, write and export"));
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

/// The short public name of a key, for lists and logs: the first 12 hex digits of its hash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiKeyId(String);

impl ApiKeyId {
    /// The id of the key whose secret has this hash.
    #[must_use]
    pub fn from_hash(hash: &SecretHash) -> Self {
        Self(hash.0[..12].to_owned())
    }

    /// An id as somebody typed it.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key's secret: `ctc_live_` or `ctc_test_` and the base64url of 32 random bytes.
///
/// It never implements `Display` and its `Debug` shows nothing, so that it cannot slip into a log.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A new secret from the operating system's randomness.
    ///
    /// # Errors
    /// [`Error::Internal`] when the system has no randomness to give.
    pub fn generate(mode: Mode) -> Result<Self> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|e| Error::internal("making a secret", e.to_string()))?;
        let prefix = match mode {
            Mode::Live => "ctc_live_",
            Mode::Test => "ctc_test_",
        };
        Ok(Self(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// What a caller sent; `None` when it cannot be a key of ours.
    #[must_use]
    pub fn from_caller(text: &str) -> Option<Self> {
        (text.starts_with("ctc_") && text.len() <= 200).then(|| Self(text.to_owned()))
    }

    /// The hash that is kept.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(lower::encode_string(&Sha256::digest(self.0.as_bytes())))
    }

    /// The secret in plain text: to be shown to its owner once, and nowhere else.
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

/// SHA-256 of a secret, in 64 lower-case hex digits. Equality takes constant time.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(String);

impl SecretHash {
    /// The 64 hex digits.
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

/// What is kept of a key, with everything a function must know of its caller, so that one read tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// The hash of the secret.
    pub hash: SecretHash,
    /// Whose key it is.
    pub tenant: TenantId,
    /// Live records or the sandbox.
    pub mode: Mode,
    /// What the key may do.
    pub scopes: Scopes,
    /// What its owner calls it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The tenant's settings, copied here whenever they change.
    #[serde(default)]
    pub settings: Settings,
}

impl ApiKey {
    /// The key's short public name.
    #[must_use]
    pub fn id(&self) -> ApiKeyId {
        ApiKeyId::from_hash(&self.hash)
    }

    /// The records that the key opens.
    #[must_use]
    pub fn tenant(&self) -> Tenant {
        Tenant::new(&self.tenant, self.mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_the_documented_form_and_hides_itself() {
        let secret = Secret::generate(Mode::Live).unwrap();
        assert!(secret.reveal().starts_with("ctc_live_"));
        assert_eq!(secret.reveal().len(), "ctc_live_".len() + 43);
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_ne!(secret.hash(), Secret::generate(Mode::Live).unwrap().hash());
    }

    #[test]
    fn the_hash_is_sha_256_in_hex() {
        let secret = Secret::from_caller("ctc_abc").unwrap();
        // printf ctc_abc | sha256sum
        assert_eq!(
            secret.hash().as_str(),
            "cee03657c257486f182fcf357a00202c861633358421b4f9586dfe6ab27df7bb"
        );
    }

    #[test]
    fn scopes_are_read_in_any_order() {
        assert_eq!("write, read".parse::<Scopes>().unwrap().to_string(), "read,write");
        assert!("admin".parse::<Scopes>().is_err());
    }
}
