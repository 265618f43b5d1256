//! The undo log: a write that is refused halfway, or panics, leaves the company as it was.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Company, Entity};
use crate::entities::Kind;

/// The state of one entry before a change. `None` if the entry did not exist.
#[derive(Debug)]
pub(super) enum Undo {
    /// An object.
    Object(Kind, u64, Option<Arc<Entity>>),
    /// The moment at which an object was deleted.
    Deleted(Kind, u64, Option<Timestamp>),
    /// The last number of a sequence.
    Sequence(String, Option<u64>),
}

/// A point to which the company can return until its journal is taken.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    undo: usize,
    journal: usize,
    events: usize,
}

impl Company {
    /// Returns the point to which [`Company::roll_back`] can return.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { undo: self.undo.len(), journal: self.journal.len(), events: self.events.len() }
    }

    /// Undoes all changes since a mark.
    pub fn roll_back(&mut self, mark: Mark) {
        for undo in self.undo.split_off(mark.undo).into_iter().rev() {
            match undo {
                Undo::Object(kind, id, old) => self.restore(kind, id, old),
                Undo::Deleted(kind, id, old) => {
                    let deleted = self.deleted.entry(kind).or_default();
                    match old {
                        Some(at) => deleted.insert(id, at),
                        None => deleted.remove(&id),
                    };
                }
                Undo::Sequence(name, Some(number)) => {
                    self.sequences.insert(name, number);
                }
                Undo::Sequence(name, None) => {
                    self.sequences.remove(&name);
                }
            }
        }
        self.journal.truncate(mark.journal);
        self.events.truncate(mark.events);
    }

    fn restore(&mut self, kind: Kind, id: u64, old: Option<Arc<Entity>>) {
        let objects = self.objects.entry(kind).or_default();
        let current = match &old {
            Some(entity) => objects.insert(id, Arc::clone(entity)),
            None => objects.remove(&id),
        };
        if let Some(current) = current {
            self.index.remove(kind, id, &current.object);
        }
        if let Some(old) = old {
            self.index.insert(kind, id, &old.object);
        }
    }
}
