//! The results of the mirror: records, mappings, links and notes, committed together for each customer.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use futures::future::try_join_all;

use super::mapping::REVISION;
use crate::Result;
use crate::model::{
    Conflict, Customer, CustomerFields, CustomerNumber, KeptConflict, Link, Mapping, MirroredEntity, Parked,
    QuickBooksId, RealmId, Tenant, Timestamp,
};
use crate::rules::size;
use crate::store::Store;
use crate::store::calls::finish_put;
use crate::store::documents::{from_item, to_item};
use crate::store::items::number;
use crate::store::items::record::{Record, to_record};
use crate::store::write::transaction::{Guard, Outcome, Step, Transaction};
use crate::store::write::{EntryChange, entry_items, new_customer, next_version};
use crate::table::keys::{self, Key, attribute};

/// The effect of a result on a customer's record.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordWrite {
    /// The record stays as it is.
    Keep,
    /// The record gets these fields and this deletion, if it is still as it was read.
    Change {
        /// The record as it was read.
        old: Box<Customer>,
        /// The fields.
        fields: Box<CustomerFields>,
        /// When the customer was soft-deleted.
        deleted_at: Option<Timestamp>,
    },
    /// The customer is new.
    Create {
        /// The moment of creation that was allocated with the number.
        at: Timestamp,
        /// The fields.
        fields: Box<CustomerFields>,
    },
}

/// An item that is written or deleted together with a result.
#[derive(Debug, Clone, PartialEq)]
pub enum MirrorNote {
    /// An object in QuickBooks, and the record here that it belongs to.
    Link(MirroredEntity, QuickBooksId, Link),
    /// An object in QuickBooks that no longer exists.
    Unlink(MirroredEntity, QuickBooksId),
    /// The customer cannot be written.
    Park(Parked),
    /// The customer was written, or needs not be.
    Unpark,
    /// Both sides had changed a field.
    Conflict(Conflict),
}

/// A result of the mirror for one customer: everything of it is written, or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct MirrorWrite {
    /// The customer.
    pub number: CustomerNumber,
    /// The record.
    pub record: RecordWrite,
    /// The mapping, provided that it is still at the revision that it names.
    pub mapping: Option<Mapping>,
    /// Everything else.
    pub notes: Vec<MirrorNote>,
}

/// The conflicts that are stored about fields that are in conflict again.
type KeptConflicts = BTreeMap<(CustomerNumber, String), KeptConflict>;

/// A write and the record that its step makes.
struct Prepared {
    number: CustomerNumber,
    step: Step,
    record: Option<Record>,
}

impl Store {
    /// Writes results of the mirror, many to a transaction. Returns the customers whose record or mapping has changed in
    /// the meantime: nothing of theirs is written, and they have to be read again.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`](crate::Error::Invalid) if a record is too large, [`Error::Throttled`](crate::Error::Throttled)
    /// or [`Error::Unavailable`](crate::Error::Unavailable) if DynamoDB is throttling or cannot be reached; a part of the
    /// results can be written then.
    pub async fn mirror_commit(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        writes: Vec<MirrorWrite>,
    ) -> Result<BTreeSet<CustomerNumber>> {
        let records = self.records_to_change(tenant, &writes).await?;
        let kept = self.conflicts_before(tenant, realm, &writes).await?;
        let mut refused = BTreeSet::new();
        let mut prepared = Vec::new();
        for write in writes {
            let old = records.get(&write.number);
            let is_current = match &write.record {
                RecordWrite::Change { old: read, .. } => {
                    old.is_some_and(|old| old.customer.version == read.version)
                }
                RecordWrite::Keep | RecordWrite::Create { .. } => true,
            };
            if is_current {
                prepared.push(self.mirror_step(tenant, realm, write, old, &kept));
            } else {
                refused.insert(write.number);
            }
        }
        let prepared: Vec<Prepared> = try_join_all(prepared).await?;
        self.mirror_transactions(tenant, prepared, &mut refused).await?;
        Ok(refused)
    }

    /// The records that are to be changed, as a write reads them.
    async fn records_to_change(
        &self,
        tenant: &Tenant,
        writes: &[MirrorWrite],
    ) -> Result<BTreeMap<CustomerNumber, Record>> {
        let changed = writes.iter().filter(|write| matches!(write.record, RecordWrite::Change { .. }));
        let keys: Vec<Key> =
            changed.map(|write| keys::customer(tenant, tenant.customer_uuid(write.number))).collect();
        let records = self.items_get(&keys).await?.into_iter().map(to_record);
        records.map(|record| record.map(|record| (record.customer.number, record))).collect()
    }

    /// The conflicts that are stored about the fields that are in conflict.
    async fn conflicts_before(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        writes: &[MirrorWrite],
    ) -> Result<KeptConflicts> {
        let conflict = |note: &MirrorNote| match note {
            MirrorNote::Conflict(conflict) => Some((conflict.number, conflict.field.clone())),
            _ => None,
        };
        let fields: BTreeSet<_> = writes.iter().flat_map(|write| &write.notes).filter_map(conflict).collect();
        let keys = fields.iter().map(|(number, field)| keys::mirror_conflict(tenant, realm, *number, field));
        let kept = self.items_get(&keys.collect::<Vec<Key>>()).await?;
        let kept = kept.iter().map(from_item).map(|kept: Result<KeptConflict>| {
            kept.map(|kept| ((kept.latest.number, kept.latest.field.clone()), kept))
        });
        kept.collect()
    }

    /// The step of one result. Search entries that the customer gains are put before.
    async fn mirror_step(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        write: MirrorWrite,
        old: Option<&Record>,
        kept: &KeptConflicts,
    ) -> Result<Prepared> {
        let MirrorWrite { number, record, mapping, notes } = write;
        let is_new = matches!(record, RecordWrite::Create { .. });
        let (mut step, record) = match (record, old) {
            (RecordWrite::Create { at, fields }, _) => {
                size::check(&fields)?;
                let customer = new_customer(tenant, number, at, *fields);
                self.items_put(entry_items(tenant, &customer)?).await?;
                (self.record_step(tenant, None, &customer)?, None)
            }
            (RecordWrite::Change { fields, deleted_at, .. }, Some(old)) => {
                size::check(&fields)?;
                let new = Customer { fields: *fields, deleted_at, ..old.customer.clone() };
                let new = next_version(&old.customer, new, self.ambient.now());
                let mut entries = EntryChange::between(tenant, &old.customer, &new);
                self.terms_reconcile(tenant, &new, &mut entries).await?;
                let step = self.with_entries(self.record_step(tenant, Some(old), &new)?, entries)?;
                (step, Some(Record { customer: new, terms: old.terms }))
            }
            _ => (Step::default(), None),
        };
        if let Some(mapping) = mapping {
            step = step.guarded(self.mapping_put(tenant, realm, number, &mapping)?, Guard::Unchanged);
        }
        for note in notes {
            step = match note {
                // An object in QuickBooks becomes a customer once.
                MirrorNote::Link(entity, id, link) if is_new => {
                    let link = to_item(&keys::link(tenant, realm, entity, &id), &link)?;
                    step.guarded(self.put_new(link)?, Guard::FirstRequest)
                }
                note => self.with_note(tenant, realm, number, step, note, kept)?,
            };
        }
        Ok(Prepared { number, step, record })
    }

    fn with_note(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        number: CustomerNumber,
        mut step: Step,
        note: MirrorNote,
        kept: &KeptConflicts,
    ) -> Result<Step> {
        let parked = keys::mirror_parked(tenant, realm, number);
        step.writes.push(match note {
            MirrorNote::Link(entity, id, link) => {
                self.document_write(&keys::link(tenant, realm, entity, &id), &link)?
            }
            MirrorNote::Unlink(entity, id) => self.delete_always(&keys::link(tenant, realm, entity, &id))?,
            MirrorNote::Park(document) => self.document_write(&parked, &document)?,
            MirrorNote::Unpark => self.delete_always(&parked)?,
            MirrorNote::Conflict(conflict) => {
                let key = keys::mirror_conflict(tenant, realm, number, &conflict.field);
                let before = kept.get(&(conflict.number, conflict.field.clone())).cloned();
                self.document_write(&key, &KeptConflict::after(before, conflict))?
            }
        });
        Ok(step)
    }

    /// A put of a mapping, provided that it is still at the revision that was read.
    fn mapping_put(
        &self,
        tenant: &Tenant,
        realm: &RealmId,
        customer: CustomerNumber,
        mapping: &Mapping,
    ) -> Result<TransactWriteItem> {
        let mut item = to_item(&keys::mapping(tenant, tenant.customer_uuid(customer), realm), mapping)?;
        item.insert(REVISION.into(), number(mapping.revision + 1));
        let put = Put::builder().table_name(&*self.table).set_item(Some(item));
        if mapping.revision == 0 {
            let absent = put.condition_expression("attribute_not_exists(#pk)");
            return finish_put(absent.expression_attribute_names("#pk", attribute::PK));
        }
        finish_put(
            put.condition_expression("#revision = :revision")
                .expression_attribute_names("#revision", REVISION)
                .expression_attribute_values(":revision", number(mapping.revision)),
        )
    }

    async fn mirror_transactions(
        &self,
        tenant: &Tenant,
        prepared: Vec<Prepared>,
        refused: &mut BTreeSet<CustomerNumber>,
    ) -> Result<()> {
        let mut transaction = Transaction::new(self, tenant);
        let mut members: Vec<(CustomerNumber, Option<Record>)> = Vec::new();
        for Prepared { number, step, record } in prepared {
            if let Err(step) = transaction.add(step) {
                self.mirror_transaction(tenant, transaction, std::mem::take(&mut members), refused).await?;
                transaction = Transaction::of(self, tenant, *step);
            }
            members.push((number, record));
        }
        self.mirror_transaction(tenant, transaction, members, refused).await
    }

    /// Commits the steps whose guards hold.
    async fn mirror_transaction<'a>(
        &'a self,
        tenant: &'a Tenant,
        mut transaction: Transaction<'a>,
        mut members: Vec<(CustomerNumber, Option<Record>)>,
        refused: &mut BTreeSet<CustomerNumber>,
    ) -> Result<()> {
        if transaction.is_empty() {
            return Ok(());
        }
        let mut lane = self.lane(tenant).await?;
        while !members.is_empty() {
            let outcome = match transaction.has_changes() {
                true => transaction.commit(&mut lane).await?,
                false => transaction.commit_unlogged().await?,
            };
            match outcome {
                Outcome::Applied { left_over } => {
                    for ((_, record), left_over) in members.into_iter().zip(left_over) {
                        if let Some(record) = record {
                            self.terms_clean_up(tenant, record, left_over).await?;
                        }
                    }
                    return Ok(());
                }
                Outcome::Refused(failed) => {
                    let is_refused = |at: usize| failed.iter().any(|(step, _)| *step == at);
                    transaction = transaction.without(&failed);
                    let all = std::mem::take(&mut members).into_iter().enumerate();
                    let (lost, kept): (Vec<_>, Vec<_>) = all.partition(|(at, _)| is_refused(*at));
                    refused.extend(lost.into_iter().map(|(_, (number, _))| number));
                    members.extend(kept.into_iter().map(|(_, member)| member));
                }
            }
        }
        Ok(())
    }
}
