//! The tags that rows name: found among the tenant's by their names, or made.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::model::{Color, TagId, Tenant};
use clientele_shared::store::{Store, WriteRules};
use clientele_shared::{Error, Result};

use crate::patience::Patience;

/// How many tags one file may make: more are no tags, but some other column.
const MOST_NEW: usize = 500;

/// What is known of the tenant's tags.
#[derive(Debug, Default)]
pub(super) struct Tags {
    /// By their names; of several with one name, the first that was made.
    ids: BTreeMap<String, TagId>,
    /// How many were made.
    made: usize,
}

impl Tags {
    /// Puts the ids of tags in the place of their names.
    ///
    /// Each tag is made by itself, before the rows that name it: an import that is stopped in between leaves tags that
    /// the next one finds.
    pub(super) async fn resolve(
        &mut self,
        store: &Store,
        tenant: &Tenant,
        named: &mut [&mut String],
    ) -> Result<()> {
        if named.iter().any(|name| !self.ids.contains_key(name.as_str())) {
            self.read(store, tenant).await?;
        }
        let unknown: BTreeSet<String> = named
            .iter()
            .filter(|name| !self.ids.contains_key(name.as_str()))
            .map(|name| (**name).clone())
            .collect();
        self.made += unknown.len();
        if self.made > MOST_NEW {
            let message = format!(
                "the file names more than {MOST_NEW} new tags: if the column is none of tags, leave it out with --map COLUMN=-"
            );
            return Err(Error::invalid("tags", message));
        }
        for name in unknown {
            self.make(store, tenant, name).await?;
        }
        for name in named {
            if let Some(id) = self.ids.get(name.as_str()) {
                **name = id.to_string();
            }
        }
        Ok(())
    }

    async fn make(&mut self, store: &Store, tenant: &Tenant, name: String) -> Result<()> {
        let mut patience = Patience::default();
        // One whose making was not heard of may be there all the same: then reading finds it.
        while !self.ids.contains_key(&name) {
            let permit = Box::pin(async { Ok(WriteRules::default()) });
            match store.tag_create(tenant, name.clone(), Color::default(), permit).await {
                Ok(tag) => drop(self.ids.insert(tag.name, tag.id)),
                Err(error) => {
                    patience.wait(error, store.ambient()).await?;
                    self.read(store, tenant).await?;
                }
            }
        }
        Ok(())
    }

    async fn read(&mut self, store: &Store, tenant: &Tenant) -> Result<()> {
        for tag in Patience::default().with(store.ambient(), || store.tags(tenant)).await? {
            self.ids.entry(tag.name).or_insert(tag.id);
        }
        Ok(())
    }
}
