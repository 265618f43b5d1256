//! The customers of QuickBooks as far as a run knows them, by id, name and email.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use clientele_shared::model::{CustomerNumber, Link, QuickBooksId};
use serde_json::Value;

use super::fields::{Field, Fields, display_name};
use super::names;
use crate::quickbooks::Object;

/// The members of a customer that a run needs. The others are dropped, so that a large company fits in memory.
const NEEDED: [&str; 17] = [
    "Id",
    "SyncToken",
    "DisplayName",
    "GivenName",
    "FamilyName",
    "CompanyName",
    "PrimaryEmailAddr",
    "PrimaryPhone",
    "Mobile",
    "WebAddr",
    "Notes",
    "BillAddr",
    "ShipAddr",
    "Active",
    "Job",
    "ParentRef",
    "Level",
];

/// The customer here that a customer in QuickBooks belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Not looked up yet.
    Unknown,
    /// No customer.
    None,
    /// This customer.
    Customer(CustomerNumber),
    /// A job of this customer.
    Job(CustomerNumber),
}

impl Owner {
    /// Returns the customer whose sales those of an object with this owner are.
    pub(super) fn payer(self) -> Option<CustomerNumber> {
        match self {
            Self::Customer(number) | Self::Job(number) => Some(number),
            Self::Unknown | Self::None => None,
        }
    }
}

/// Returns the owner that a link names.
pub(super) fn owner_in(link: Option<&Link>) -> Owner {
    let is_job = link.is_some_and(|link| link.facts.get("job").is_some());
    match link.and_then(|link| link.customer) {
        Some(number) if is_job => Owner::Job(number),
        Some(number) => Owner::Customer(number),
        None => Owner::None,
    }
}

#[derive(Debug)]
struct Entry {
    object: Object,
    owner: Owner,
}

/// The customers of QuickBooks that a run has read.
#[derive(Debug, Default)]
pub(super) struct Directory {
    entries: BTreeMap<QuickBooksId, Entry>,
    by_name: HashMap<String, BTreeSet<QuickBooksId>>,
    by_email: HashMap<String, BTreeSet<QuickBooksId>>,
    /// Names that vendors or employees have.
    taken: HashSet<String>,
    /// Names that this run is going to give to our customers.
    reserved: HashMap<String, CustomerNumber>,
    /// Names under which an earlier run may have created our customers; they can have others by now.
    pub(super) sent_as: BTreeMap<CustomerNumber, String>,
    /// Customers that no longer exist there.
    pub(super) gone: BTreeSet<QuickBooksId>,
    /// Whether all customers of the company are known.
    pub(super) is_complete: bool,
}

/// Returns the id of an object.
pub(super) fn id_of(object: &Object) -> Option<QuickBooksId> {
    object.get("Id")?.as_str()?.parse().ok()
}

/// Returns the version of an object.
pub(super) fn sync_token(object: &Object) -> String {
    object.get("SyncToken").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Whether a customer is a job of another one, or a customer below it.
pub(super) fn is_job(object: &Object) -> bool {
    parent_of(object).is_some()
}

/// Returns the customer above a job.
pub(super) fn parent_of(object: &Object) -> Option<QuickBooksId> {
    object.get("ParentRef")?.get("value")?.as_str()?.parse().ok()
}

fn email_key(object: &Object) -> Option<String> {
    let email = object.get("PrimaryEmailAddr")?.get("Address")?.as_str()?.trim().to_lowercase();
    Some(email).filter(|email| !email.is_empty())
}

impl Directory {
    /// Adds a customer, or replaces it by a newer state.
    pub(super) fn insert(&mut self, mut object: Object) {
        let Some(id) = id_of(&object) else { return };
        let owner = self.remove(&id);
        object.retain(|name, _| NEEDED.contains(&name.as_str()));
        self.by_name.entry(names::key(display_name(&object))).or_default().insert(id.clone());
        if let Some(email) = email_key(&object) {
            self.by_email.entry(email).or_default().insert(id.clone());
        }
        self.entries.insert(id, Entry { object, owner });
    }

    fn remove(&mut self, id: &QuickBooksId) -> Owner {
        let Some(Entry { object, owner }) = self.entries.remove(id) else { return Owner::Unknown };
        if let Some(ids) = self.by_name.get_mut(&names::key(display_name(&object))) {
            ids.remove(id);
        }
        if let Some(ids) = email_key(&object).and_then(|email| self.by_email.get_mut(&email)) {
            ids.remove(id);
        }
        owner
    }

    /// Forgets a customer that no longer exists there.
    pub(super) fn set_gone(&mut self, id: QuickBooksId) {
        self.remove(&id);
        self.gone.insert(id);
    }

    /// Returns a customer.
    pub(super) fn get(&self, id: &QuickBooksId) -> Option<&Object> {
        self.entries.get(id).map(|entry| &entry.object)
    }

    /// Returns the ids of all customers.
    pub(super) fn ids(&self) -> impl Iterator<Item = &QuickBooksId> {
        self.entries.keys()
    }

    /// Returns what a customer is here.
    pub(super) fn owner(&self, id: &QuickBooksId) -> Owner {
        self.entries.get(id).map_or(Owner::Unknown, |entry| entry.owner)
    }

    /// Records what a customer is here.
    pub(super) fn set_owner(&mut self, id: &QuickBooksId, owner: Owner) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.owner = owner;
        }
    }

    /// Returns the ids of the customers whose owner has not been looked up.
    pub(super) fn without_owner(&self) -> BTreeSet<QuickBooksId> {
        let unknown = self.entries.iter().filter(|(_, entry)| entry.owner == Owner::Unknown);
        unknown.map(|(id, _)| id.clone()).collect()
    }

    /// Returns the only customer that has this email, unless it is a job or another of ours than `number`.
    pub(super) fn free_by_email(&self, email: &str, number: CustomerNumber) -> Option<&QuickBooksId> {
        let ids = self.by_email.get(&email.trim().to_lowercase())?;
        Some(ids.first()?).filter(|id| ids.len() == 1 && self.is_free(id, Some(number)))
    }

    /// Returns a customer with this name that is neither a job nor another of ours than `number`; an active one if there are
    /// several.
    pub(super) fn free_by_name(&self, name: &str, number: Option<CustomerNumber>) -> Option<&QuickBooksId> {
        let ids = self.by_name.get(&names::key(name))?;
        let is_active = |id: &&QuickBooksId| {
            self.get(id).is_some_and(|object| Fields::theirs(object, None, None).is_active())
        };
        let free = || ids.iter().filter(|id| self.is_free(id, number));
        free().find(is_active).or_else(|| free().next())
    }

    fn is_free(&self, id: &QuickBooksId, number: Option<CustomerNumber>) -> bool {
        let is_free = match self.owner(id) {
            Owner::None => true,
            // A link that is decided and not stored: the customer is compared again because it has changed.
            Owner::Customer(owner) => Some(owner) == number,
            Owner::Unknown | Owner::Job(_) => false,
        };
        is_free && self.get(id).is_some_and(|object| !is_job(object))
    }

    /// Whether another has this name, or is going to get it, than our customer `number` and its counterpart `own`.
    pub(super) fn is_taken(&self, name: &str, number: CustomerNumber, own: Option<&QuickBooksId>) -> bool {
        let key = names::key(name);
        let others = self.by_name.get(&key).is_some_and(|ids| ids.iter().any(|id| Some(id) != own));
        let is_reserved = self.reserved.get(&key).is_some_and(|owner| *owner != number);
        others || is_reserved || self.taken.contains(&key)
    }

    /// Reserves a name for one of our customers.
    pub(super) fn reserve_name(&mut self, name: &str, number: CustomerNumber) {
        self.reserved.insert(names::key(name), number);
    }

    /// Releases the names that are reserved for customers that are decided again.
    pub(super) fn release_names(&mut self, is_released: impl Fn(CustomerNumber) -> bool) {
        self.reserved.retain(|_, number| !is_released(*number));
    }

    /// Records whether a name is taken by others than the customers that are known.
    pub(super) fn set_name_taken(&mut self, name: &str, is_taken: bool) {
        if is_taken {
            self.taken.insert(names::key(name));
        } else {
            self.taken.remove(&names::key(name));
        }
    }

    /// Returns the name and email under which one of our customers can be found.
    pub(super) fn keys_of(ours: &Fields, number: CustomerNumber) -> (Vec<String>, Option<String>) {
        let found_as = names::display_name(ours).map(|name| vec![names::with_id(&name, number), name]);
        (found_as.unwrap_or_default(), ours.text(Field::Email).map(str::to_owned))
    }
}
