//! Conflicts that are resolved by a person: the value that lost can be put back.

use clientele_shared::Error;
use clientele_shared::model::{Conflict, Connection, Customer, CustomerNumber, MirrorSide, Tenant};
use clientele_shared::store::{MirrorWrite, RecordWrite, Store};

use super::MirrorError;
use super::fields::{Field, Fields, pulled};

/// How often a customer that changes meanwhile is read again.
const MAX_ROUNDS: usize = 8;

/// The choice of a person about conflicts of one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolution {
    /// The customer.
    pub number: CustomerNumber,
    /// The side whose value is kept.
    pub keep: MirrorSide,
    /// The field; `None` is every field in conflict.
    pub field: Option<Field>,
}

impl Resolution {
    /// Puts the chosen values into our record, from which the next sync writes them to QuickBooks. Returns the conflicts that
    /// are resolved.
    ///
    /// # Errors
    /// Returns [`MirrorError::NoConflict`] if there is no such conflict, and [`MirrorError::Store`] if the table cannot be
    /// reached.
    pub async fn apply(
        self,
        store: &Store,
        tenant: &Tenant,
        connection: &Connection,
    ) -> Result<Vec<Conflict>, MirrorError> {
        let realm = &connection.realm;
        let is_chosen = |conflict: &Conflict| {
            conflict.number == self.number && self.field.is_none_or(|field| field.as_str() == conflict.field)
        };
        let all = store.mirror_conflicts(tenant, realm).await?;
        let chosen: Vec<Conflict> = all.into_iter().filter(is_chosen).collect();
        if chosen.is_empty() {
            return Err(MirrorError::NoConflict(self.no_conflict()));
        }
        for _ in 0..MAX_ROUNDS {
            let numbers = std::iter::once(self.number).collect();
            let found = store.mapped_customers(tenant, realm, &numbers).await?;
            let (customer, _) =
                found.into_values().next().ok_or(MirrorError::Store(Error::NotFound("Customer")))?;
            if self.put_back(store, tenant, connection, customer, &chosen).await? {
                for conflict in &chosen {
                    store.mirror_conflict_delete(tenant, realm, conflict.number, &conflict.field).await?;
                }
                return Ok(chosen);
            }
        }
        Err(Error::Conflict("The customer keeps changing; try again".into()).into())
    }

    fn no_conflict(self) -> String {
        let field = self.field.map(|field| format!(" in {}", field.as_str())).unwrap_or_default();
        format!(
            "cust_{} has no conflict{field}; `sync-agent conflicts` lists those that there are",
            self.number
        )
    }

    async fn put_back(
        self,
        store: &Store,
        tenant: &Tenant,
        connection: &Connection,
        customer: Customer,
        chosen: &[Conflict],
    ) -> Result<bool, MirrorError> {
        let mut values = Fields::default();
        values.set(Field::Active, true.into());
        let mut fields = Vec::new();
        for conflict in chosen {
            let Some(field) = Field::named(&conflict.field) else { continue };
            let value = match self.keep {
                MirrorSide::Ours => &conflict.ours,
                MirrorSide::Theirs => &conflict.theirs,
            };
            values.set(field, value.clone());
            fields.push(field);
        }
        let (new, deleted_at) = pulled(&customer.fields, customer.deleted_at, None, &values, &fields);
        if new == customer.fields && deleted_at == customer.deleted_at {
            return Ok(true);
        }
        let number = customer.number;
        let record = RecordWrite::Change { fields: Box::new(new), deleted_at, old: Box::new(customer) };
        let write = MirrorWrite { number, record, mapping: None, notes: Vec::new() };
        Ok(store.mirror_commit(tenant, &connection.realm, vec![write]).await?.is_empty())
    }
}
