//! The row ids of a file that were met already, and on which line: some 20 to 40 bytes a row.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sha2::{Digest, Sha256};

/// The first bytes of a SHA-256: among ten million rows, two are taken for the same by chance once in 10^15 files.
pub(super) type Fingerprint = [u8; 12];

/// Which ids were met, and where.
#[derive(Debug, Default)]
pub(super) struct Seen(HashMap<Fingerprint, u32>);

impl Seen {
    /// Notes an id; returns the line on which it was met before.
    pub(super) fn note(&mut self, id: &str, line: u64) -> Option<u32> {
        match self.0.entry(fingerprint(id)) {
            Entry::Occupied(before) => Some(*before.get()),
            Entry::Vacant(free) => {
                free.insert(u32::try_from(line).unwrap_or(u32::MAX));
                None
            }
        }
    }
}

/// The fingerprint of what names a row.
pub(super) fn fingerprint(id: &str) -> Fingerprint {
    let digest = Sha256::digest(id.as_bytes());
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(&digest[..size_of::<Fingerprint>()]);
    fingerprint
}
