//! Customers, and their contacts.

use clientele_shared::Result;
use clientele_shared::model::{Customer, CustomerNumber, ExportKind};

use super::ahead::ReadAhead;
use super::changes::{Changes, Written};
use super::visible::{BATCH, customers_at};
use super::{Selection, Sender, has_tag};
use crate::export::records::{Deleted, Records};

/// Sends all customers.
pub(super) async fn all(selection: &Selection, mut customers: ReadAhead, to: &Sender) -> Result<()> {
    while let Some(page) = customers.next().await? {
        let count = page.len();
        to.send(records(selection, page)).await?;
        to.note(count);
    }
    Ok(())
}

/// Sends changed customers. One that does not belong to the export is sent as a deletion, because it can have been in the
/// export before.
pub(super) async fn changed(selection: &Selection, changes: Changes, to: &Sender) -> Result<()> {
    let Changes { customers, tags, .. } = changes;
    let newest_first: Vec<(CustomerNumber, Written)> =
        customers.iter().rev().map(|(number, written)| (*number, *written)).collect();
    for batch in newest_first.chunks(BATCH) {
        let found = customers_at(selection, &batch.iter().copied().collect()).await?;
        let (selected, others): (Vec<Customer>, Vec<Customer>) =
            found.into_iter().partition(|customer| belongs(selection, customer));
        to.send(records(selection, selected)).await?;
        to.send(Records::Deleted(others.iter().map(|one| deletion(selection, one)).collect())).await?;
        to.note(batch.len());
    }
    if tags.is_empty() || selection.kind != ExportKind::Customers {
        return Ok(());
    }
    // The name of a tag is part of each customer that has it.
    let mut all = selection.customers().await?;
    while let Some(mut page) = all.next().await? {
        page.retain(|customer| !customers.contains_key(&customer.number) && has_tag(customer, &tags));
        to.send(records(selection, page)).await?;
    }
    Ok(())
}

fn records(selection: &Selection, customers: Vec<Customer>) -> Records {
    match selection.kind {
        ExportKind::Contacts => {
            Records::Contacts(customers.into_iter().filter(|one| !one.fields.contacts.is_empty()).collect())
        }
        _ => Records::Customers(customers),
    }
}

fn belongs(selection: &Selection, customer: &Customer) -> bool {
    let has_rows = selection.kind != ExportKind::Contacts || !customer.fields.contacts.is_empty();
    has_rows && selection.query.selects(customer)
}

/// Returns the deletion of a customer, or of all its contacts.
fn deletion(selection: &Selection, customer: &Customer) -> Deleted {
    let column = if selection.kind == ExportKind::Contacts { "customerId" } else { "id" };
    let identity = vec![(column, customer.number.to_customer_id())];
    Deleted { identity, at: customer.deleted_at.unwrap_or(customer.updated_at) }
}
