//! One commit of an import: each row becomes a customer exactly once, even if a response is lost.

use std::collections::BTreeMap;

use clientele_shared::model::{CustomerNumber, Tenant};
use clientele_shared::store::{ImportedRow, RowKey, Store};
use clientele_shared::{Error, Result};

use crate::import::ImportCounts;
use crate::import::import_kind::Target;

/// Creates the customers of these rows, with retries.
pub(super) async fn commit(target: Target, mut rows: Vec<ImportedRow>) -> Result<ImportCounts> {
    let mut committed = ImportCounts::default();
    let (mut retry, Target { store, tenant, .. }) = (target.retry(), target);
    while !rows.is_empty() {
        if let Err(error) = attempt(&store, &tenant, &mut rows, &mut committed).await {
            retry.back_off(error, store.ambient()).await?;
        }
    }
    Ok(committed)
}

/// Makes one attempt; removes the rows whose outcome is known.
async fn attempt(
    store: &Store,
    tenant: &Tenant,
    rows: &mut Vec<ImportedRow>,
    committed: &mut ImportCounts,
) -> Result<()> {
    if store.customers_import(tenant, rows.clone()).await? {
        committed.written += rows.len() as u64;
        rows.clear();
        return Ok(());
    }
    let keys: Vec<RowKey> = rows.iter().map(|row| row.key.clone()).collect();
    let found = store.imported_rows_get(tenant, &keys).await?;
    if found.is_empty() {
        return Err(Error::broken("a commit was rejected although none of its rows is already imported"));
    }
    rows.retain(|row| !settle(row, &found, committed));
    Ok(())
}

/// Counts a row if it has already been imported; returns whether it has.
fn settle(row: &ImportedRow, found: &BTreeMap<RowKey, CustomerNumber>, committed: &mut ImportCounts) -> bool {
    match found.get(&row.key) {
        None => return false,
        // Only this commit has this number, so an earlier attempt was written and its response lost.
        Some(number) if *number == row.number => committed.written += 1,
        Some(_) => committed.present += 1,
    }
    true
}

#[cfg(test)]
mod tests {
    use clientele_shared::model::{CustomerFields, Timestamp};

    use super::*;

    #[test]
    fn written_row_whose_response_was_lost_counts_as_created() {
        let number = |n| CustomerNumber::new(n).unwrap();
        let row = |id: &str, n| ImportedRow {
            key: RowKey::new("file", id),
            number: number(n),
            at: Timestamp::from_millis(0),
            fields: CustomerFields::default(),
        };
        let found = BTreeMap::from([(row("a", 1).key, number(1)), (row("b", 2).key, number(77))]);
        let mut committed = ImportCounts::default();
        let left: Vec<_> = [row("a", 1), row("b", 2), row("c", 3)]
            .into_iter()
            .filter(|row| !settle(row, &found, &mut committed))
            .collect();
        assert_eq!(committed, ImportCounts { written: 1, present: 1, ..ImportCounts::default() });
        assert_eq!(left.len(), 1);
    }
}
