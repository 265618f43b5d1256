//! Responses that are sent again when a request with the same `requestid` arrives.

use std::collections::{BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::render::Rendered;
use crate::storage::{Change, StorageError};

/// Most responses that are stored, and the most bytes of their bodies. The oldest are dropped.
const MAX_STORED: usize = 10_000;
const MAX_BYTES: usize = 32 << 20;

/// The stored responses, by `requestid`.
#[derive(Debug, Default)]
pub struct Replays {
    stored: HashMap<String, Stored>,
    /// The same, in order of time.
    order: BTreeSet<(Timestamp, String)>,
    /// Bytes of all bodies.
    bytes: usize,
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
    /// Looks for a `requestid`. `memory_seconds` is how long one is remembered; 0 means until it is among the
    /// oldest of too many.
    #[must_use]
    pub fn find(&self, id: &str, request: &str, now: Timestamp, memory_seconds: u64) -> Lookup {
        match self.stored.get(id).filter(|stored| !is_expired(stored.at, now, memory_seconds)) {
            None => Lookup::New,
            Some(stored) if stored.request == request => Lookup::Same(stored.response.clone()),
            Some(stored) => Lookup::Other(stored.response.clone()),
        }
    }

    /// Stores a response, and drops those that are too old or too many.
    pub fn store(
        &mut self,
        id: &str,
        request: String,
        response: &Rendered,
        now: Timestamp,
        memory_seconds: u64,
    ) {
        self.remove(id);
        let stored = Stored { at: now, request, response: response.clone() };
        self.journal.push((format!("replay/{id}"), serde_json::to_string(&stored).ok()));
        self.insert(id.to_owned(), stored);
        while let Some((at, oldest)) = self.order.first() {
            let is_full = self.stored.len() > MAX_STORED || self.bytes > MAX_BYTES;
            if !is_full && !is_expired(*at, now, memory_seconds) {
                break;
            }
            let oldest = oldest.clone();
            self.remove(&oldest);
        }
    }

    fn insert(&mut self, id: String, stored: Stored) {
        self.order.insert((stored.at, id.clone()));
        self.bytes += stored.response.body.len();
        self.stored.insert(id, stored);
    }

    fn remove(&mut self, id: &str) {
        let Some(stored) = self.stored.remove(id) else { return };
        self.order.remove(&(stored.at, id.to_owned()));
        self.bytes -= stored.response.body.len();
        self.journal.push((format!("replay/{id}"), None));
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        self.journal.extend(self.stored.drain().map(|(id, _)| (format!("replay/{id}"), None)));
        self.order.clear();
        self.bytes = 0;
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
        self.insert(id.to_owned(), stored);
        Ok(())
    }
}

fn is_expired(at: Timestamp, now: Timestamp, memory_seconds: u64) -> bool {
    let memory = SignedDuration::from_secs(i64::try_from(memory_seconds).unwrap_or(i64::MAX));
    memory_seconds > 0 && now.duration_since(at) >= memory
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(replays: &mut Replays, second: i64, bytes: usize, memory_seconds: u64) {
        let body = "x".repeat(bytes);
        let response = Rendered { status: 200, content_type: String::new(), body };
        let now = Timestamp::from_second(second).unwrap();
        replays.store(&format!("r{second}"), String::new(), &response, now, memory_seconds);
    }

    fn is_stored(replays: &Replays, second: i64) -> bool {
        !matches!(replays.find(&format!("r{second}"), "", Timestamp::UNIX_EPOCH, 0), Lookup::New)
    }

    #[test]
    fn oldest_responses_are_dropped_when_there_are_too_many() {
        let mut replays = Replays::default();
        (0..10_001).for_each(|second| store(&mut replays, second, 1, 0));
        assert!(!is_stored(&replays, 0) && is_stored(&replays, 1) && is_stored(&replays, 10_000));
        assert!(replays.take_journal().contains(&("replay/r0".to_owned(), None)));
        store(&mut replays, 20_000, MAX_BYTES - 1, 0);
        assert!(!is_stored(&replays, 9_999) && is_stored(&replays, 10_000) && is_stored(&replays, 20_000));
    }

    #[test]
    fn responses_are_dropped_when_their_memory_ends() {
        let mut replays = Replays::default();
        for second in [0, 30, 60] {
            store(&mut replays, second, 1, 60);
        }
        assert!(!is_stored(&replays, 0) && is_stored(&replays, 30));
        assert_eq!((replays.order.len(), replays.bytes), (2, 2));
    }
}
