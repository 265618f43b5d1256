//! The tags that rows name: found among the tenant's by their names, or made.

use std::collections::BTreeMap;

use clientele_shared::Result;
use clientele_shared::model::{Color, TagId, Tenant};
use clientele_shared::store::{Store, WriteRules};

use crate::patience::Patience;

/// What is known of the tenant's tags.
#[derive(Debug, Default)]
pub(super) struct Tags {
    /// By their names; of several with one name, the first that was made.
    ids: BTreeMap<String, TagId>,
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
        named: impl Iterator<Item = &mut Vec<String>>,
    ) -> Result<()> {
        for names in named {
            for name in names {
                *name = self.id(store, tenant, name).await?.into();
            }
        }
        Ok(())
    }

    async fn id(&mut self, store: &Store, tenant: &Tenant, name: &str) -> Result<TagId> {
        if let Some(id) = self.ids.get(name) {
            return Ok(id.clone());
        }
        self.read(store, tenant).await?;
        if let Some(id) = self.ids.get(name) {
            return Ok(id.clone());
        }
        let create = || {
            let permit = Box::pin(async { Ok(WriteRules::default()) });
            store.tag_create(tenant, name.to_owned(), Color::default(), permit)
        };
        let tag = Patience::default().with(store.ambient(), create).await?;
        self.ids.insert(tag.name, tag.id.clone());
        Ok(tag.id)
    }

    async fn read(&mut self, store: &Store, tenant: &Tenant) -> Result<()> {
        for tag in Patience::default().with(store.ambient(), || store.tags(tenant)).await? {
            self.ids.entry(tag.name).or_insert(tag.id);
        }
        Ok(())
    }
}
