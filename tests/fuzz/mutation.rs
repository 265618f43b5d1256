//! Mutations of texts: small changes of bytes, and pieces of other seeds and of a dictionary.

use crate::simulation::rng::Rng;

/// Pieces that parsers treat in a special way.
const DICTIONARY: [&str; 44] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    ":",
    ",",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{feff}",
    "\u{85}",
    "\\ud800",
    "\\u0000",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "99999999999999999999",
    "-0.0",
    "1.005",
    "%00",
    "%2e%2e",
    "%ff",
    "..",
    "/",
    "#",
    "+",
    "=",
    "&",
    "'",
    "--",
    "cust_1",
    "tag_001",
    "$serde_json::private::RawValue",
    "...f",
    "@skip(if:true)",
    "2024-02-30",
    "é",
    "\u{1F600}",
    "ſ",
];

/// Mutates seeds. The same case of the same seeds is always the same text.
pub(super) struct Mutator<'a> {
    seeds: &'a [String],
    pub(super) rng: Rng,
}

impl<'a> Mutator<'a> {
    pub(super) fn new(seeds: &'a [String], case: u64) -> Self {
        Self { seeds, rng: Rng::for_step(case, 0) }
    }

    /// Returns a mutated seed. It need not be UTF-8.
    pub(super) fn bytes(&mut self) -> Vec<u8> {
        let mut text = self.rng.pick(self.seeds).clone().into_bytes();
        for _ in 0..=self.rng.below(6) {
            self.mutate(&mut text);
        }
        text
    }

    /// Returns a mutated seed as text.
    pub(super) fn text(&mut self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    fn mutate(&mut self, text: &mut Vec<u8>) {
        let at = self.rng.below(text.len() + 1);
        let end = (at + 1 + self.rng.below(8)).min(text.len());
        match self.rng.below(8) {
            0 => drop(text.drain(at.min(end)..end)),
            1 => {
                let piece = text[at.min(end)..end].repeat(1 + self.rng.below(40));
                text.splice(at..at, piece);
            }
            2 if at < text.len() => text[at] ^= 1 << self.rng.below(8),
            3 => text.truncate(at),
            4 => {
                let other = self.rng.pick(self.seeds).as_bytes();
                let from = self.rng.below(other.len() + 1);
                let piece = other[from..(from + self.rng.below(30)).min(other.len())].to_vec();
                text.splice(at..at, piece);
            }
            _ => {
                let piece = self.rng.pick(&DICTIONARY).bytes().collect::<Vec<_>>();
                let end = if self.rng.percent(50) { at } else { end.max(at) };
                text.splice(at..end, piece);
            }
        }
    }
}
