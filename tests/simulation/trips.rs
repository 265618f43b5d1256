//! The calls that one request makes, and how many of them wait for one another.

use super::model::{Model, Violation};
use super::{reads, writes};

/// The calls of one request: a logical clock counts when each began and ended.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    now: usize,
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    operation: String,
    began: usize,
    ended: Option<usize>,
}

impl Journal {
    /// Records that a call begins; returns its place in the journal.
    pub(crate) fn begin(&mut self, operation: &str) -> usize {
        self.now += 1;
        self.calls.push(Call { operation: operation.to_owned(), began: self.now, ended: None });
        self.calls.len() - 1
    }

    /// Records that a call ends.
    pub(crate) fn end(&mut self, at: usize) {
        self.now += 1;
        if let Some(call) = self.calls.get_mut(at) {
            call.ended = Some(self.now);
        }
    }

    /// The most calls of which each began after the one before had ended.
    fn in_sequence(&self) -> usize {
        let mut depths: Vec<usize> = Vec::new();
        for call in &self.calls {
            let before = self.calls.iter().zip(&depths);
            let ended = before.filter(|(other, _)| other.ended.is_some_and(|ended| ended < call.began));
            depths.push(1 + ended.map(|(_, depth)| *depth).max().unwrap_or(0));
        }
        depths.into_iter().max().unwrap_or(0)
    }

    /// Checks that a request made at most `most` calls in sequence, after the one that reads an unknown API key.
    pub(crate) fn check(&self, most: usize) -> Result<(), Violation> {
        let in_sequence = self.in_sequence();
        if in_sequence <= most + 1 {
            return Ok(());
        }
        let operations: Vec<&str> = self.calls.iter().map(|call| call.operation.as_str()).collect();
        Err(format!("a request that is allowed {most} round trips made {in_sequence}: {operations:?}"))
    }
}

/// Returns how many round trips in sequence a move is allowed, if it is one request whose bound is known.
pub(crate) fn bound(model: &Model, writes: &[writes::Planned], reads: &[reads::Planned]) -> Option<usize> {
    // A list that passes a thousand unused numbers takes more trips: with 25, 100 and 400 records, and one for the ranks.
    let is_dense = model.customers.first_key_value().is_none_or(|(first, _)| first.get() < 100);
    let gap = if is_dense { 0 } else { 4 };
    match (writes, reads) {
        // Long names need more batches of terms, and unique emails are looked up.
        ([write], []) if model.long_names == 0 && !model.has_unique_emails => write.round_trips(),
        ([], [read]) => read.round_trips().map(|trips| trips + gap),
        _ => None,
    }
}
