//! Work of the mirror that waits for the next sync or for a person.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::mirror::{MirrorSide, MirroredEntity, MirroredFields, QuickBooksId};
use super::{CustomerNumber, Timestamp};

/// Writes to QuickBooks that are sent, or about to be sent, in one batch. It is stored before the call and deleted once
/// the results are stored, so that an interrupted call is completed and not repeated under another id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// The id under which QuickBooks recognizes the batch.
    pub request_id: String,
    /// When it was stored.
    pub at: Timestamp,
    /// The writes, in the order in which they are sent.
    pub items: Vec<IntentItem>,
}

/// One write of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntentItem {
    /// The customer.
    pub number: CustomerNumber,
    /// The version in QuickBooks that is changed; `None` creates the customer.
    pub sync_token: Option<String>,
    /// The object as it is sent.
    pub body: Map<String, Value>,
    /// The fields of our side that it was made from.
    pub ours: MirroredFields,
}

/// A change in QuickBooks that a webhook has reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// The entity.
    pub entity: MirroredEntity,
    /// The object that changed; of a merge, the one that is left.
    pub id: QuickBooksId,
    /// The object that a merge has removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_id: Option<QuickBooksId>,
    /// When it arrived.
    pub at: Timestamp,
}

/// A customer that cannot be written to QuickBooks, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// The customer.
    pub number: CustomerNumber,
    /// The customer's name.
    pub name: String,
    /// The id in QuickBooks, if the customer has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quickbooks_id: Option<QuickBooksId>,
    /// The code of QuickBooks' error, or the mirror's own; empty if neither has one.
    #[serde(default)]
    pub code: String,
    /// The reason, and what to do.
    pub reason: String,
    /// When it was refused.
    pub at: Timestamp,
}

/// An object in QuickBooks that cannot be mirrored, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedObject {
    /// The entity.
    pub entity: MirroredEntity,
    /// The object.
    pub id: QuickBooksId,
    /// The object's name, the reason, and what to do.
    pub reason: String,
    /// When it was found, or tried last while others waited.
    pub at: Timestamp,
}

/// How many earlier conflicts about a field are kept.
const MAX_EARLIER: usize = 20;

/// How many bytes the values of earlier conflicts about a field have in JSON: they must fit in an item of the table, which has
/// 400 KB, and all fields of a customer in one transaction.
const MAX_EARLIER_BYTES: usize = 64 * 1024;

/// A field that both sides had changed. One value won; the other is kept here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// The customer.
    pub number: CustomerNumber,
    /// The id in QuickBooks.
    pub quickbooks_id: QuickBooksId,
    /// The customer's name.
    pub name: String,
    /// The field.
    pub field: String,
    /// The value when the two sides last agreed.
    pub base: Value,
    /// The value of our side.
    pub ours: Value,
    /// The value of QuickBooks.
    pub theirs: Value,
    /// The side whose value won.
    pub winner: MirrorSide,
    /// When the conflict was found.
    pub at: Timestamp,
}

/// A conflict as it is stored, with the values of earlier ones about the same field that no person has resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptConflict {
    /// The latest conflict.
    #[serde(flatten)]
    pub latest: Conflict,
    /// The values of earlier ones, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierConflict>,
}

/// The values of a conflict that a later one about the same field has followed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EarlierConflict {
    /// The value of our side.
    pub ours: Value,
    /// The value of QuickBooks.
    pub theirs: Value,
    /// When the conflict was found.
    pub at: Timestamp,
}

impl KeptConflict {
    /// Returns a new conflict with the values of the one that was kept before.
    #[must_use]
    pub fn after(before: Option<Self>, latest: Conflict) -> Self {
        let Some(Self { latest: Conflict { ours, theirs, at, .. }, mut earlier }) = before else {
            return Self { latest, earlier: Vec::new() };
        };
        if (&ours, &theirs) != (&latest.ours, &latest.theirs) {
            earlier.push(EarlierConflict { ours, theirs, at });
        }
        let size = |earlier: &[EarlierConflict]| earlier.iter().map(EarlierConflict::size).sum::<usize>();
        while earlier.len() > MAX_EARLIER || size(&earlier) > MAX_EARLIER_BYTES {
            earlier.remove(0);
        }
        Self { latest, earlier }
    }
}

impl EarlierConflict {
    fn size(&self) -> usize {
        self.ours.to_string().len() + self.theirs.to_string().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conflict(ours: &str) -> Conflict {
        Conflict {
            number: CustomerNumber::MAX,
            quickbooks_id: "1".parse().unwrap(),
            name: "Ann Lee".into(),
            field: "notes".into(),
            base: Value::Null,
            ours: ours.into(),
            theirs: "theirs".into(),
            winner: MirrorSide::Ours,
            at: Timestamp::from_millis(0),
        }
    }

    fn kept(all: impl Iterator<Item = String>) -> Vec<Value> {
        let kept = all.fold(None, |before, ours| Some(KeptConflict::after(before, conflict(&ours))));
        kept.unwrap().earlier.into_iter().map(|earlier| earlier.ours).collect()
    }

    #[test]
    fn newest_earlier_values_are_kept_as_far_as_there_is_room() {
        assert_eq!(kept((0..3).map(|n| n.to_string())), ["0", "1"]);
        assert_eq!(kept((0..3).map(|_| "same".into())), [] as [Value; 0]);
        let many = kept((0..40).map(|n| n.to_string()));
        assert_eq!((many.len(), &many[0]), (MAX_EARLIER, &Value::from("19")));
        let long = kept((0..9).map(|n| n.to_string().repeat(20_000)));
        assert_eq!((long.len(), &long[2]), (3, &Value::from("7".repeat(20_000))));
        assert!(kept((0..3).map(|n| n.to_string().repeat(70_000))).is_empty());
    }
}
