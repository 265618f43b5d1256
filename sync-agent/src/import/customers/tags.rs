//! The tags that rows name: found among the tenant's by their names, or made.

use std::collections::{BTreeMap, BTreeSet};

use clientele_shared::model::{TagId, Tenant};
use clientele_shared::store::Store;
use clientele_shared::{Error, Result};

use crate::retry::Retry;

/// How many tags one file may make: more are no tags, but some other column.
const MAX_NEW: usize = 500;

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
    /// Tags are made before the rows that name them: an import that is stopped in between leaves tags that the next one
    /// finds.
    pub(super) async fn resolve(
        &mut self,
        store: &Store,
        tenant: &Tenant,
        named: &mut [&mut String],
    ) -> Result<()> {
        let ambient = store.ambient();
        if !self.unknown(named).is_empty() {
            let none = BTreeSet::new();
            self.ids = Retry::default().run(ambient, || store.tags_get_or_create(tenant, &none)).await?;
        }
        let unknown = self.unknown(named);
        self.made += unknown.len();
        if self.made > MAX_NEW {
            let message = format!(
                "the file names more than {MAX_NEW} new tags: if the column is none of tags, leave it out with --map COLUMN=-"
            );
            return Err(Error::invalid("tags", message));
        }
        if !unknown.is_empty() {
            self.ids = Retry::default().run(ambient, || store.tags_get_or_create(tenant, &unknown)).await?;
        }
        for name in named {
            let id = self.ids.get(name.as_str());
            **name = id.ok_or_else(|| Error::broken("a tag that was made is not there"))?.to_string();
        }
        Ok(())
    }

    fn unknown(&self, named: &[&mut String]) -> BTreeSet<String> {
        named.iter().map(|name| (**name).clone()).filter(|name| !self.ids.contains_key(name)).collect()
    }
}
