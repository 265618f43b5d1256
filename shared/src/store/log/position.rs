//! Positions in the log: how far a reader has read each of a tenant's slots, and its text form.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::table::keys::{SLOTS, Slot};

/// The start of a position's text. The digit is the version of the format.
const PREFIX: &str = "log1.";

/// How many bytes of the SHA-256 of a position end its text, so that a damaged text is rejected.
const CHECKSUM_BYTES: usize = 4;

/// How many bits of a sequence number each byte of a position's text holds.
const BITS_PER_BYTE: u32 = 7;

/// The bit of a byte that says that the number continues in the next byte.
const CONTINUES: u8 = 1 << BITS_PER_BYTE;

/// The history of a table that positions belong to. A restore of the table starts a new one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// Returns the epoch with these random bits. 0 is the epoch of a tenant that was never restored.
    #[must_use]
    pub(in crate::store) fn from_random(bits: u64) -> Self {
        Self(bits.max(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Epoch {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

/// A position in a tenant's log: the last entry that was read of each slot.
///
/// A position is valid in every process. Its text has 107 characters for an empty log and 192 after a million commits.
/// The table holds nothing about positions, so any number of readers can have positions of their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogPosition {
    pub(super) epoch: Epoch,
    seqs: Box<[u64; SLOTS as usize]>,
}

impl LogPosition {
    /// The position before the first entry.
    pub(super) fn before_all(epoch: Epoch) -> Self {
        Self { epoch, seqs: Box::new([0; SLOTS as usize]) }
    }

    /// Returns the number of the last entry that was read of a slot; 0 if none was.
    #[must_use]
    pub fn seq(&self, slot: Slot) -> u64 {
        self.seqs[usize::from(slot.get())]
    }

    pub(super) fn set_seq(&mut self, slot: Slot, seq: u64) {
        self.seqs[usize::from(slot.get())] = seq;
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM_BYTES)?)?;
        if checksum != self::checksum(content) {
            return None;
        }
        let (epoch, mut rest) = content.split_first_chunk()?;
        let mut position = Self::before_all(Epoch(u64::from_be_bytes(*epoch)));
        for seq in position.seqs.iter_mut() {
            *seq = read_number(&mut rest)?;
        }
        rest.is_empty().then_some(position)
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.epoch.0.to_be_bytes().to_vec();
        for seq in self.seqs.iter().copied() {
            write_number(&mut bytes, seq);
        }
        let checksum = checksum(&bytes);
        bytes.extend(checksum);
        bytes
    }
}

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.to_bytes()))
    }
}

/// A text that is not a position in a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a position exactly as it was printed, starting with `{PREFIX}`")]
pub struct LogPositionError;

impl FromStr for LogPosition {
    type Err = LogPositionError;

    fn from_str(text: &str) -> Result<Self, LogPositionError> {
        let bytes = text.strip_prefix(PREFIX).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        bytes.and_then(|bytes| Self::from_bytes(&bytes)).ok_or(LogPositionError)
    }
}

fn checksum(content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut checksum = [0; CHECKSUM_BYTES];
    for (byte, digest) in checksum.iter_mut().zip(Sha256::digest(content)) {
        *byte = digest;
    }
    checksum
}

/// Writes a number in as few bytes as it needs, its lowest bits first (LEB128).
fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = number.to_le_bytes()[0] & !CONTINUES;
        number >>= BITS_PER_BYTE;
        if number == 0 {
            return bytes.push(low);
        }
        bytes.push(low | CONTINUES);
    }
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(BITS_PER_BYTE as usize) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & !CONTINUES);
        number |= bits << shift;
        // The highest byte has room for one bit only.
        if (bits << shift) >> shift != bits {
            return None;
        }
        if byte & CONTINUES == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn position() -> impl Strategy<Value = LogPosition> {
        let seq = prop_oneof![0..20_000_u64, any::<u64>()];
        (any::<u64>(), proptest::collection::vec(seq, usize::from(SLOTS))).prop_map(|(epoch, seqs)| {
            let mut position = LogPosition::before_all(Epoch(epoch));
            for (slot, seq) in Slot::all().zip(seqs) {
                position.set_seq(slot, seq);
            }
            position
        })
    }

    proptest! {
        #[test]
        fn positions_are_read_as_they_were_written(position in position()) {
            prop_assert_eq!(position.to_string().parse(), Ok(position.clone()));
        }

        #[test]
        fn damaged_texts_are_rejected(position in position(), at in any::<prop::sample::Index>(), by in "[ -~]") {
            let text = position.to_string();
            let at = at.index(text.len());
            let mut changed = text.clone();
            changed.replace_range(at..=at, &by);
            prop_assert_eq!(changed.parse::<LogPosition>().is_ok(), changed == text);
            prop_assert_eq!(text[..at].parse::<LogPosition>(), Err(LogPositionError));
            prop_assert_eq!(format!("{text}{by}").parse::<LogPosition>(), Err(LogPositionError));
        }

        #[test]
        fn other_texts_are_rejected(text in ".*", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(text.parse::<LogPosition>(), Err(LogPositionError));
            let encoded = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
            prop_assert_eq!(encoded.parse::<LogPosition>(), Err(LogPositionError));
        }

        #[test]
        fn epochs_are_read_as_they_were_written(bits in any::<u64>()) {
            prop_assert_eq!(Epoch(bits).to_string().parse(), Ok(Epoch(bits)));
        }
    }

    #[test]
    fn text_of_a_million_commits_has_about_200_characters() {
        let mut position = LogPosition::before_all(Epoch::from_random(u64::MAX));
        assert_eq!(position.to_string().len(), 107);
        for slot in Slot::all() {
            position.set_seq(slot, 1_000_000 / u64::from(SLOTS));
        }
        assert_eq!(position.to_string().len(), 192);
    }
}
