//! Responses that are sent again when a request with the same `requestid` arrives.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::render::Rendered;
use crate::storage::{Change, StorageError};

/// The stored responses, by `requestid`.
#[derive(Debug, Default)]
pub struct Replays {
    stored: BTreeMap<String, Stored>,
    journal: Vec<Change>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    at: Timestamp,
    request: String,
    response: Rendered,
}

/// The result of looking for a `requestid`.
#[derive(Debug)]
pub enum Lookup {
    /// It is new.
    New,
    /// It was used for the same request, whose response this is.
    Same(Rendered),
    /// It was used for another request, whose response this is.
    Other(Rendered),
}

/// Returns a digest of what must be equal in a repeated request.
#[must_use]
pub fn digest(path: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(path.as_bytes());
    hash.update([0]);
    hash.update(body);
    STANDARD_NO_PAD.encode(hash.finalize())
}

impl Replays {
    /// Looks for a `requestid`. `memory_seconds` is how long one is remembered; 0 means forever.
    #[must_use]
    pub fn find(&self, id: &str, request: &str, now: Timestamp, memory_seconds: u64) -> Lookup {
        let memory = SignedDuration::from_secs(i64::try_from(memory_seconds).unwrap_or(i64::MAX));
        let is_remembered = |stored: &&Stored| memory_seconds == 0 || now.duration_since(stored.at) < memory;
        match self.stored.get(id).filter(is_remembered) {
            None => Lookup::New,
            Some(stored) if stored.request == request => Lookup::Same(stored.response.clone()),
            Some(stored) => Lookup::Other(stored.response.clone()),
        }
    }

    /// Stores a response.
    pub fn store(&mut self, id: &str, request: String, response: &Rendered, now: Timestamp) {
        let stored = Stored { at: now, request, response: response.clone() };
        self.journal.push((format!("replay/{id}"), serde_json::to_string(&stored).ok()));
        self.stored.insert(id.to_owned(), stored);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.journal.extend(self.stored.keys().map(|id| (format!("replay/{id}"), None)));
        self.stored.clear();
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
        let stored = serde_json::from_str(value)
            .map_err(|e| StorageError::Entry { key: format!("replay/{id}"), reason: e.to_string() })?;
        self.stored.insert(id.to_owned(), stored);
        Ok(())
    }
}
