//! Creates, updates, deletes and voids objects.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use jiff::Timestamp;

use super::{fields, links, lists, names, references, sales};
use crate::company::{Company, Entity, Stamp, reference_id};
use crate::entities::{Access, Family, Field, FieldKind, Kind, fields::COMMON};
use crate::fault::Fault;
use crate::switches::{Switch, Switches};
use crate::value::{Object, Value};

/// Fields of a name that a sparse update cannot clear.
const NOT_CLEARABLE: [&str; 3] = ["DisplayName", "PrintOnCheckName", "Active"];

/// The author of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// A client of the API.
    Client,
    /// A person in QuickBooks.
    Person,
}

/// The company, open for changes.
#[derive(Debug)]
pub struct Writer<'a> {
    /// The company.
    pub company: &'a mut Company,
    /// The switches in effect.
    pub switches: &'a Switches,
    /// The company's time.
    pub now: Timestamp,
    /// The author of the change.
    pub author: Author,
    /// Whether a document number can be used again.
    pub allow_duplicate_numbers: bool,
}

impl Writer<'_> {
    /// Creates an object, or updates it if the body has an `Id`.
    ///
    /// # Errors
    ///
    /// Returns the [`Fault`] of the first rule that the request breaks; nothing is changed then.
    pub fn write(&mut self, kind: Kind, body: &Object) -> Result<Arc<Entity>, Fault> {
        let input = fields::check(kind, body, self.switches, self.author)?;
        self.atomically(|writer| match input.id {
            Some(id) => writer.update(kind, id, input),
            None if kind.family() == Family::Single => Err(Fault::unsupported_operation("create")),
            None => writer.create(kind, input.fields),
        })
    }

    /// Runs a change that takes several steps. If one is refused, or panics, the company stays as it was.
    pub(super) fn atomically<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mark = self.company.mark();
        let result = panic::catch_unwind(AssertUnwindSafe(|| change(self)));
        if !matches!(result, Ok(Ok(_))) {
            self.company.roll_back(mark);
        }
        result.unwrap_or_else(|panic| panic::resume_unwind(panic))
    }

    fn create(&mut self, kind: Kind, mut object: Object) -> Result<Arc<Entity>, Fault> {
        self.prepare(kind, None, &mut object)?;
        let opening = names::take_opening_balance(kind, &mut object);
        let id = self.company.next(kind.sequence());
        let saved = self.save(kind, id, object, Stamp::Create);
        if let Some(opening) = opening {
            let invoice = sales::opening_invoice(id, &opening);
            self.create(Kind::Invoice, invoice)?;
        }
        links::refresh(self, kind, None, &saved.object);
        Ok(self.company.get(kind, id).cloned().unwrap_or(saved))
    }

    fn update(&mut self, kind: Kind, id: u64, input: fields::Input) -> Result<Arc<Entity>, Fault> {
        let current = self.company.get(kind, id).cloned().ok_or_else(Fault::not_found)?;
        self.check_version(&current, input.sync_token.as_deref())?;
        let is_deactivated = current.is_active && input.fields.flag("Active") == Some(false);
        if is_deactivated && kind == Kind::Customer && self.author == Author::Person {
            self.balance_customer(id, &current)?;
        }
        // Balancing the customer has changed it.
        let current = self.company.get(kind, id).cloned().ok_or_else(Fault::not_found)?;
        let mut object = if input.sparse {
            self.merged(kind, &current.object, input)
        } else {
            replaced(kind, &current.object, input.fields)
        };
        self.prepare(kind, Some((id, &current.object)), &mut object)?;
        let saved = self.save(kind, id, object, Stamp::Update);
        names::refresh_children(self, kind, id);
        links::refresh(self, kind, Some(&current.object), &saved.object);
        Ok(self.company.get(kind, id).cloned().unwrap_or(saved))
    }

    /// Deletes a transaction.
    ///
    /// # Errors
    ///
    /// Returns a [`Fault`] if the entity cannot be deleted, or the object is missing or stale.
    pub fn delete(&mut self, kind: Kind, body: &Object) -> Result<u64, Fault> {
        if kind.family() != Family::Transaction {
            return Err(Fault::unsupported_operation("delete"));
        }
        let (id, current) = self.find(kind, body)?;
        sales::check_open_period(self, &current.object)?;
        self.atomically(|writer| {
            links::unlink(writer, kind, id);
            writer.company.remove(kind, id, writer.now, writer.switches);
            links::refresh(writer, kind, Some(&current.object), &Object::new());
            Ok(id)
        })
    }

    /// Sets the amounts of a transaction to zero.
    ///
    /// # Errors
    ///
    /// Returns a [`Fault`] if the entity cannot be voided, or the object is missing or stale.
    pub fn void(&mut self, kind: Kind, body: &Object) -> Result<Arc<Entity>, Fault> {
        if !kind.can_be_voided() {
            return Err(Fault::unsupported_operation("void"));
        }
        let (id, current) = self.find(kind, body)?;
        sales::check_open_period(self, &current.object)?;
        self.atomically(|writer| {
            links::unlink(writer, kind, id);
            // Unlinking has given the transaction a new version, with the links that are left.
            let linked = writer.company.get(kind, id).map_or(&current.object, |entity| &entity.object);
            let object = sales::voided(kind, linked);
            let saved = writer.save(kind, id, object, Stamp::Update);
            links::refresh(writer, kind, Some(&current.object), &saved.object);
            Ok(saved)
        })
    }

    pub(super) fn save(&mut self, kind: Kind, id: u64, object: Object, stamp: Stamp) -> Arc<Entity> {
        self.company.save(kind, id, object, stamp, self.now, self.switches)
    }

    /// Returns the object that the body names, at the version that the body names.
    fn find(&self, kind: Kind, body: &Object) -> Result<(u64, Arc<Entity>), Fault> {
        let id = body.get("Id").filter(|id| !id.is_blank()).ok_or_else(|| Fault::required("Id"))?;
        let id = fields::parse_id(&id.to_text(), self.switches)?;
        let current = self.company.get(kind, id).cloned().ok_or_else(Fault::not_found)?;
        let token = body.get("SyncToken").filter(|token| !token.is_blank()).map(Value::to_text);
        self.check_version(&current, token.as_deref())?;
        Ok((id, current))
    }

    /// A person always edits the current version.
    fn check_version(&self, current: &Entity, token: Option<&str>) -> Result<(), Fault> {
        match (self.author, token) {
            (Author::Person, _) => Ok(()),
            (Author::Client, None) => Err(Fault::required("SyncToken")),
            (Author::Client, Some(token)) if current.object.text("SyncToken") != Some(token) => {
                Err(Fault::stale())
            }
            (Author::Client, Some(_)) => Ok(()),
        }
    }

    /// Returns the current object with the fields of a sparse update.
    fn merged(&self, kind: Kind, current: &Object, input: fields::Input) -> Object {
        let mut object = current.clone();
        for name in input.cleared.iter().filter(|name| !NOT_CLEARABLE.contains(name)) {
            object.remove(name);
        }
        for (name, value) in input.fields.iter() {
            let is_address = kind.field(name).is_some_and(|field| field.kind == FieldKind::Address);
            let old = current.get(name).and_then(Value::as_object);
            let value = match (value.as_object(), old) {
                (Some(new), Some(old)) if is_address => self.merged_address(new, old).into(),
                _ => value.clone(),
            };
            object.set(name, value);
        }
        object
    }

    fn merged_address(&self, new: &Object, old: &Object) -> Object {
        // A person sees and saves the whole address.
        if self.author == Author::Person || !self.switches.is(Switch::SparseSubObject, "merge") {
            return with_address_id(new.clone(), old);
        }
        let mut address = old.clone();
        for (part, value) in new.iter() {
            address.set(part, value.clone());
        }
        address
    }

    /// Applies the rules of the entity to an object that is about to be saved.
    fn prepare(&mut self, kind: Kind, old: Option<(u64, &Object)>, object: &mut Object) -> Result<(), Fault> {
        references::check(self, kind, old.map(|(_, old)| old), object)?;
        match kind.family() {
            Family::Name => names::prepare(self, kind, old, object)?,
            Family::List => lists::prepare(self, kind, old.map(|(id, _)| id), object)?,
            Family::Transaction => sales::prepare(self, kind, old, object)?,
            Family::Single => {}
        }
        for field in kind.fields().filter(|field| field.kind == FieldKind::Address) {
            self.number_address(field, object);
        }
        Ok(())
    }

    /// Gives an address an id if it has none.
    fn number_address(&mut self, field: &Field, object: &mut Object) {
        if let Some(Value::Object(address)) = object.get_mut(field.name)
            && address.get("Id").is_none_or(Value::is_blank)
        {
            address.set("Id", self.company.next("Address").to_string());
        }
    }
}

/// Returns the object of a full update: fields that clients can write come from the request alone.
fn replaced(kind: Kind, current: &Object, fields: Object) -> Object {
    let mut object = Object::new();
    for field in COMMON.iter().chain(kind.fields()) {
        let kept = current.get(field.name);
        let value = match (field.access, fields.get(field.name)) {
            (Access::Write, Some(new)) => match (new.as_object(), kept.and_then(Value::as_object)) {
                (Some(new), Some(old)) if field.kind == FieldKind::Address => {
                    Some(with_address_id(new.clone(), old).into())
                }
                _ => Some(new.clone()),
            },
            (Access::Write, None) if field.name == "Active" => kept.cloned(),
            (Access::Write, None) => None,
            (Access::System | Access::Create, _) => kept.cloned(),
        };
        if let Some(value) = value {
            object.set(field.name, value);
        }
    }
    object
}

/// Returns an address with the id of the one that it replaces, unless it has its own.
fn with_address_id(mut new: Object, old: &Object) -> Object {
    if new.get("Id").is_none_or(Value::is_blank)
        && let Some(id) = old.get("Id")
    {
        new.set("Id", id.clone());
    }
    new
}

/// Returns the customer of a transaction.
pub(super) fn customer_of(object: &Object) -> Option<u64> {
    reference_id(object, "CustomerRef")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::company::demo;

    #[test]
    fn panic_in_the_middle_of_a_write_leaves_the_company_unchanged() {
        let (mut company, switches) = (Company::default(), Switches::default());
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        demo::create(&mut company, &switches, now);
        company.take_journal();
        company.take_events();
        let contents = |company: &Company| {
            crate::entities::KINDS
                .iter()
                .flat_map(|kind| company.list(*kind).map(|(id, entity)| (*kind, id, Arc::clone(entity))))
                .collect::<Vec<_>>()
        };
        let before = contents(&company);
        let mut writer = Writer {
            company: &mut company,
            switches: &switches,
            now,
            author: Author::Client,
            allow_duplicate_numbers: false,
        };
        let panicked = panic::catch_unwind(AssertUnwindSafe(|| {
            writer.atomically::<()>(|writer| {
                let body = Object::parse(r#"{"Id":"1","SyncToken":"0"}"#).unwrap().unwrap();
                writer.delete(Kind::Invoice, &body).map(drop).unwrap_err();
                writer.author = Author::Person;
                writer.delete(Kind::Invoice, &body)?;
                let new = Object::parse(r#"{"DisplayName":"Ann","Balance":5}"#).unwrap().unwrap();
                writer.write(Kind::Customer, &new)?;
                panic!("on purpose");
            })
        }));
        assert!(panicked.is_err());
        assert_eq!(contents(&company), before);
        assert!(company.take_journal().is_empty() && company.take_events().is_empty());
        assert_eq!(company.deleted(Kind::Invoice).count(), 0);
        assert_eq!(company.index().applied(Kind::Invoice, 1).count(), 1);
        assert!(company.index().names("Ann").is_empty());
    }
}
