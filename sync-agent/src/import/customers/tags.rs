//! The tags that rows name: looked up by name among the tenant's tags, or created.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use clientele_shared::model::TagId;
use clientele_shared::{Error, Result};

use super::row::RowCustomer;
use crate::import::import_kind::Target;

/// Maximum number of tags that one file can create. A column with more new names probably does not hold tags.
const MAX_NEW: usize = 500;

/// A cache of the tenant's tags.
#[derive(Debug, Default)]
pub(super) struct Tags {
    /// Ids by name. If several tags share a name, the oldest wins.
    ids: BTreeMap<String, TagId>,
    /// Names by id, if they have been read.
    names: Option<Arc<BTreeMap<TagId, String>>>,
    /// Number of tags created for this file.
    created: usize,
    /// Whether the column is known to hold tags, because the file is an export.
    is_export: bool,
}

impl Tags {
    /// Lets the file create any number of tags if it is an export, whose column surely holds tags.
    pub(super) fn allow_many(&mut self, is_export: bool) {
        self.is_export = is_export;
    }

    /// Returns the names of the tenant's tags by id, as they were when they were first needed.
    pub(super) async fn names(&mut self, target: &Target) -> Result<Arc<BTreeMap<TagId, String>>> {
        if let Some(names) = &self.names {
            return Ok(names.clone());
        }
        let list = || target.store.tags_list(&target.tenant);
        let tags = target.retry().run(target.store.ambient(), list).await?;
        let names: Arc<BTreeMap<_, _>> = Arc::new(tags.into_iter().map(|tag| (tag.id, tag.name)).collect());
        self.names = Some(names.clone());
        Ok(names)
    }

    /// Gives customers the ids of the tags that their rows name, after creating the tags that do not exist.
    ///
    /// Tags are created before the rows that name them. If the import stops in between, the next import finds
    /// the tags.
    pub(super) async fn resolve(&mut self, target: &Target, customers: Vec<&mut RowCustomer>) -> Result<()> {
        let Target { store, tenant, .. } = target;
        let ambient = store.ambient();
        if !self.unknown_names(&customers).is_empty() {
            let none = BTreeSet::new();
            self.ids = target.retry().run(ambient, || store.tags_get_or_create(tenant, &none)).await?;
        }
        let new = self.unknown_names(&customers);
        self.created += new.len();
        if self.created > MAX_NEW && !self.is_export {
            let message = format!(
                "the file would create more than {MAX_NEW} new tags; if the column does not hold tags, \
                 ignore it with --map COLUMN=-"
            );
            return Err(Error::invalid("tags", message));
        }
        if !new.is_empty() {
            self.ids = target.retry().run(ambient, || store.tags_get_or_create(tenant, &new)).await?;
        }
        for customer in customers {
            let ids = customer.tags.iter().map(|name| self.ids.get(name).cloned()).collect::<Option<_>>();
            customer.fields.tag_ids =
                ids.ok_or_else(|| Error::broken("a tag is missing after its creation"))?;
        }
        Ok(())
    }

    fn unknown_names(&self, customers: &[&mut RowCustomer]) -> BTreeSet<String> {
        let names = customers.iter().flat_map(|customer| &customer.tags);
        names.filter(|name| !self.ids.contains_key(*name)).cloned().collect()
    }
}
