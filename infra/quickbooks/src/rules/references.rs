//! Checks references to other objects, and adds the names of the objects.

use super::write::Writer;
use crate::entities::{FieldKind, Kind};
use crate::fault::Fault;
use crate::value::{Object, Value};

/// Checks that every reference to a kept entity names an existing, active object.
///
/// A reference that `old` has as well is not checked again: its object can have become inactive since.
pub(super) fn check(
    writer: &Writer<'_>,
    kind: Kind,
    old: Option<&Object>,
    object: &mut Object,
) -> Result<(), Fault> {
    for field in kind.fields() {
        let FieldKind::Reference(Some(target)) = field.kind else { continue };
        let Some(id) = object.reference(field.name) else { continue };
        let is_unchanged = old.and_then(|old| old.reference(field.name)).as_ref() == Some(&id);
        let name = find(writer, target, &id, field.name, is_unchanged)?;
        if let (Some(name), Some(Value::Object(reference))) = (name, object.get_mut(field.name)) {
            reference.set("name", name);
        }
    }
    Ok(())
}

/// Returns the name of the object that a reference names.
pub(super) fn find(
    writer: &Writer<'_>,
    target: Kind,
    id: &str,
    element: &str,
    allow_inactive: bool,
) -> Result<Option<String>, Fault> {
    let entity = id.parse().ok().and_then(|id| writer.company.get(target, id));
    let entity = entity.ok_or_else(|| Fault::invalid_reference(element))?;
    if !allow_inactive && entity.object.flag("Active") == Some(false) {
        return Err(Fault::not_found().at(element));
    }
    let name = target.name_field().and_then(|field| entity.object.text(field));
    Ok(name.map(str::to_owned))
}
