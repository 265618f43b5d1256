//! OAuth 2: grants, their tokens, and the credentials of the one app.
//!
//! A grant is one consent of a person. It has one current refresh token, which is rotated, and access
//! tokens that live an hour. Revoking any of its tokens ends the grant.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::random;
use crate::storage::{Change, StorageError};
use crate::switches::{Switch, Switches};

pub mod http;
pub mod identity;

/// Life of an access token, in seconds.
pub const ACCESS_SECONDS: i64 = 3600;
/// Life of a grant, however often its refresh token is used: five years, in seconds.
pub const HARD_SECONDS: i64 = 5 * 365 * 86_400;
/// Life of an authorization code, in seconds.
const CODE_SECONDS: i64 = 600;
/// Age at which a refresh token is rotated, unless it is rotated always, in seconds.
const ROTATION_SECONDS: i64 = 86_400;
/// Scope of the accounting API.
pub const ACCOUNTING: &str = "com.intuit.quickbooks.accounting";

/// The app that is registered with the stand-in, and the company that it can be connected to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// The company.
    pub realm_id: String,
    /// Public identifier of the app.
    pub client_id: String,
    /// Secret of the app.
    pub client_secret: String,
    /// Key of the webhooks' signatures.
    pub verifier_token: String,
    /// The grant that the ready line shows.
    pub first_grant: String,
}

/// One consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Scopes, separated by spaces.
    pub scope: String,
    /// The current refresh token.
    pub refresh_token: String,
    /// When the current refresh token was created.
    pub refreshed_at: Timestamp,
    /// When the refresh token ends if it is not used.
    pub refresh_expires_at: Timestamp,
    /// When the grant ends in any case.
    pub hard_expires_at: Timestamp,
    /// Earlier refresh tokens, and when each was replaced.
    retired: Vec<(String, Timestamp)>,
    /// Access tokens, and when each ends.
    access: Vec<(String, Timestamp)>,
}

/// An authorization code, until it is exchanged.
#[derive(Debug, Clone)]
struct Code {
    redirect_uri: String,
    scope: String,
    nonce: Option<String>,
    expires_at: Timestamp,
}

/// The tokens of a grant, as the token endpoint returns them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The new access token.
    pub access_token: String,
    /// The refresh token to store.
    pub refresh_token: String,
    /// Seconds until the refresh token ends.
    pub refresh_expires_in: i64,
    /// Seconds until the grant ends.
    pub hard_expires_in: i64,
    /// Scopes of the grant.
    pub scope: String,
    /// Value that an identity token must repeat.
    pub nonce: Option<String>,
}

/// Whether an access token can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It belongs to a grant with the scope of the accounting API.
    Valid,
    /// It was valid once.
    Expired,
    /// No grant has it.
    Unknown,
}

/// All grants.
#[derive(Debug, Default)]
pub struct Grants {
    grants: BTreeMap<String, Grant>,
    codes: BTreeMap<String, Code>,
    journal: Vec<Change>,
}

impl App {
    /// Creates an app with random secrets.
    #[must_use]
    pub fn new(realm_id: &str) -> Self {
        Self {
            realm_id: realm_id.to_owned(),
            client_id: format!("AB{}", random::secret(30)),
            client_secret: random::secret(30),
            verifier_token: random::identifier(),
            first_grant: random::identifier(),
        }
    }
}

impl Grants {
    /// Creates a grant under an id, or renews it if its refresh token has ended, and returns its tokens.
    pub fn ensure(&mut self, id: &str, now: Timestamp, switches: &Switches) -> Tokens {
        let is_usable = self.grants.get(id).is_some_and(|grant| grant.refresh_expires_at > now);
        if !is_usable {
            self.grants.insert(id.to_owned(), Grant::new(ACCOUNTING, now, switches));
        }
        let grant = self.grants.entry(id.to_owned()).or_insert_with(|| Grant::new(ACCOUNTING, now, switches));
        let tokens = grant.tokens(now, None);
        self.save(id);
        tokens
    }

    /// Creates a grant with given tokens, which a reset makes valid again.
    pub fn restore(&mut self, id: &str, tokens: &Tokens, now: Timestamp, switches: &Switches) {
        let mut grant = Grant::new(&tokens.scope, now, switches);
        grant.refresh_token.clone_from(&tokens.refresh_token);
        grant.access.push((tokens.access_token.clone(), plus(now, ACCESS_SECONDS)));
        self.grants.insert(id.to_owned(), grant);
        self.save(id);
    }

    /// Creates an authorization code after a person has consented.
    pub fn authorize(
        &mut self,
        redirect_uri: &str,
        scope: &str,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> String {
        let code = random::secret(30);
        let issued = Code {
            redirect_uri: redirect_uri.to_owned(),
            scope: scope.to_owned(),
            nonce: nonce.map(str::to_owned),
            expires_at: plus(now, CODE_SECONDS),
        };
        self.codes.retain(|_, code| code.expires_at > now);
        self.codes.insert(code.clone(), issued);
        code
    }

    /// Exchanges an authorization code for the tokens of a new grant. A code works once.
    pub fn exchange(
        &mut self,
        code: &str,
        redirect_uri: &str,
        now: Timestamp,
        switches: &Switches,
    ) -> Option<Tokens> {
        let code = self.codes.remove(code)?;
        if code.expires_at <= now || code.redirect_uri != redirect_uri {
            return None;
        }
        let id = random::identifier();
        let mut grant = Grant::new(&code.scope, now, switches);
        let tokens = grant.tokens(now, code.nonce);
        self.grants.insert(id.clone(), grant);
        self.save(&id);
        Some(tokens)
    }

    /// Returns new tokens for a refresh token, or `None` if it is not valid.
    pub fn refresh(&mut self, token: &str, now: Timestamp, switches: &Switches) -> Option<Tokens> {
        let grace = i64::try_from(switches.number(Switch::OldRefreshTokenGrace)).unwrap_or(i64::MAX);
        let in_grace = |(old, at): &(String, Timestamp)| {
            is_equal(old, token) && now.duration_since(*at) < SignedDuration::from_secs(grace)
        };
        let (id, grant) = self.grants.iter_mut().find(|(_, grant)| {
            grant.refresh_expires_at > now
                && (is_equal(&grant.refresh_token, token) || grant.retired.iter().any(in_grace))
        })?;
        let age = now.duration_since(grant.refreshed_at).as_secs();
        let is_current = is_equal(&grant.refresh_token, token);
        let is_due = age >= ROTATION_SECONDS || switches.is(Switch::RefreshTokenRotation, "every_time");
        if is_current && is_due {
            let old = std::mem::replace(&mut grant.refresh_token, random::secret(32));
            let kept = SignedDuration::from_secs(grace.max(ROTATION_SECONDS));
            grant.retired.retain(|(_, at)| now.duration_since(*at) < kept);
            grant.retired.push((old, now));
            grant.refreshed_at = now;
        }
        grant.refresh_expires_at = refresh_end(now, grant.hard_expires_at, switches);
        let tokens = grant.tokens(now, None);
        let id = id.clone();
        self.save(&id);
        Some(tokens)
    }

    /// Ends the grant that has a token. Returns whether one had it.
    pub fn revoke(&mut self, token: &str) -> bool {
        let has_token = |grant: &Grant| {
            is_equal(&grant.refresh_token, token)
                || grant.access.iter().any(|(access, _)| is_equal(access, token))
        };
        let id = self.grants.iter().find(|(_, grant)| has_token(grant)).map(|(id, _)| id.clone());
        let Some(id) = id else { return false };
        self.grants.remove(&id);
        self.journal.push((format!("grant/{id}"), None));
        true
    }

    /// Ends all grants, as a person does who disconnects the app in QuickBooks.
    pub fn revoke_all(&mut self) {
        self.journal.extend(self.grants.keys().map(|id| (format!("grant/{id}"), None)));
        self.grants.clear();
        self.codes.clear();
    }

    /// Returns whether an access token can be used, and the scopes of its grant.
    #[must_use]
    pub fn check(&self, token: &str, now: Timestamp) -> (Access, &str) {
        for grant in self.grants.values() {
            if let Some((_, expires_at)) = grant.access.iter().find(|(access, _)| is_equal(access, token)) {
                let access = if *expires_at > now { Access::Valid } else { Access::Expired };
                return (access, &grant.scope);
            }
        }
        (Access::Unknown, "")
    }

    fn save(&mut self, id: &str) {
        if let Some(grant) = self.grants.get(id) {
            self.journal.push((format!("grant/{id}"), serde_json::to_string(grant).ok()));
        }
    }

    /// Returns the changes for the storage since the last call.
    pub fn take_journal(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.journal)
    }

    /// Reads an entry of the storage.
    ///
    /// # Errors
    ///
    /// Returns [`StorageError::Entry`] if the entry cannot be read.
    pub fn load(&mut self, id: &str, value: &str) -> Result<(), StorageError> {
        let grant = serde_json::from_str(value)
            .map_err(|e| StorageError::Entry { key: format!("grant/{id}"), reason: e.to_string() })?;
        self.grants.insert(id.to_owned(), grant);
        Ok(())
    }
}

impl Grant {
    fn new(scope: &str, now: Timestamp, switches: &Switches) -> Self {
        let hard_expires_at = plus(now, HARD_SECONDS);
        Self {
            scope: scope.to_owned(),
            refresh_token: random::secret(32),
            refreshed_at: now,
            refresh_expires_at: refresh_end(now, hard_expires_at, switches),
            hard_expires_at,
            retired: Vec::new(),
            access: Vec::new(),
        }
    }

    /// Creates an access token and returns it with the refresh token.
    fn tokens(&mut self, now: Timestamp, nonce: Option<String>) -> Tokens {
        // Ended tokens are kept for a day, so that they are reported as expired.
        self.access.retain(|(_, expires_at)| plus(*expires_at, 86_400) > now);
        let access_token = random::secret(48);
        self.access.push((access_token.clone(), plus(now, ACCESS_SECONDS)));
        Tokens {
            access_token,
            refresh_token: self.refresh_token.clone(),
            refresh_expires_in: self.refresh_expires_at.duration_since(now).as_secs(),
            hard_expires_in: self.hard_expires_at.duration_since(now).as_secs(),
            scope: self.scope.clone(),
            nonce,
        }
    }
}

/// Returns the token in a header `Authorization: Bearer …`.
#[must_use]
pub fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Compares tokens in a time that does not depend on where they differ.
fn is_equal(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// Returns when a refresh token ends that is used now.
fn refresh_end(now: Timestamp, hard_end: Timestamp, switches: &Switches) -> Timestamp {
    let life = i64::try_from(switches.number(Switch::RefreshTokenExpiresIn)).unwrap_or(i64::MAX);
    plus(now, life).min(hard_end)
}

fn plus(time: Timestamp, seconds: i64) -> Timestamp {
    time.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
