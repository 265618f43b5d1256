//! The companies that an invocation syncs, and their order.

use clientele_shared::Result;
use clientele_shared::model::{Connection, MirrorState, Mode, RealmOwner, TenantId, Timestamp};
use clientele_shared::store::Store;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

/// How many connections are read at the same time.
const MAX_CONCURRENT: usize = 16;

/// After this many seconds without a completed sync, a company needs attention, whatever the reason is.
const MAX_AGE: i64 = 24 * 3600;

/// A connected company.
#[derive(Debug, Clone)]
pub(super) struct Company {
    pub(super) owner: RealmOwner,
    pub(super) connection: Connection,
    state: MirrorState,
}

impl Company {
    /// Whether no sync has completed for a day, or since the company was connected a day ago.
    pub(super) fn is_stale(&self, now: Timestamp) -> bool {
        let last = self.state.last_sync_at.unwrap_or(self.connection.connected_at);
        last.plus_seconds(MAX_AGE) < now
    }

    /// Returns what companies are ordered by. The one whose last sync is the oldest comes first. A company that must be
    /// compared as a whole comes last, because that can take hours and would hold back all others until it is done.
    fn rank(&self) -> impl Ord + use<> {
        let MirrorState { full_pass, last_sync_at, .. } = &self.state;
        let is_long = full_pass.is_some() || last_sync_at.is_none();
        (is_long, last_sync_at.unwrap_or(self.connection.connected_at), self.owner.tenant.clone())
    }
}

/// Returns the connected companies of a tenant and a mode, or of all, in the order in which they are synced.
///
/// # Errors
/// Returns [`Error::Throttled`](clientele_shared::Error::Throttled) or
/// [`Error::Unavailable`](clientele_shared::Error::Unavailable) if DynamoDB is throttling or cannot be reached.
pub(super) async fn connected(
    store: &Store,
    tenant: Option<&TenantId>,
    mode: Option<Mode>,
) -> Result<Vec<Company>> {
    let tenants = match tenant {
        Some(tenant) => vec![tenant.clone()],
        None => store.tenants_list().await?,
    };
    let modes = [Mode::Live, Mode::Test].into_iter().filter(|one| mode.is_none_or(|mode| mode == *one));
    let owners = tenants
        .iter()
        .flat_map(|tenant| modes.clone().map(|mode| RealmOwner { tenant: tenant.clone(), mode }));
    let found = stream::iter(owners).map(|owner| company(store, owner)).buffered(MAX_CONCURRENT);
    let mut companies: Vec<Company> = found.try_filter_map(async |company| Ok(company)).try_collect().await?;
    companies.sort_by_cached_key(Company::rank);
    Ok(companies)
}

async fn company(store: &Store, owner: RealmOwner) -> Result<Option<Company>> {
    let tenant = owner.tenant();
    let Some(connection) = store.connection_get(&tenant).await? else { return Ok(None) };
    let state = store.mirror_state_get(&tenant, &connection.realm).await?;
    Ok(Some(Company { owner, connection, state }))
}

#[cfg(test)]
pub(super) mod tests {
    use clientele_shared::model::{FullPass, MirrorSettings};

    use super::*;

    /// Returns the company of a tenant that was connected at 0 and synced last at this second.
    pub(crate) fn company(tenant: &str, last_sync: Option<i64>) -> Company {
        let at = |second: i64| Timestamp::from_millis(0).plus_seconds(second);
        let connection = Connection {
            realm: "9341453908217614".parse().unwrap(),
            company: "Ann Lee's Pools".into(),
            home_currency: "USD".parse().unwrap(),
            is_multicurrency: false,
            environment: "production".into(),
            secret: "secret".into(),
            connected_at: at(0),
            settings: MirrorSettings::default(),
        };
        let owner = RealmOwner { tenant: tenant.parse().unwrap(), mode: Mode::Live };
        let state = MirrorState { last_sync_at: last_sync.map(at), ..MirrorState::default() };
        Company { owner, connection, state }
    }

    #[test]
    fn company_that_was_synced_longest_ago_comes_first_and_first_syncs_come_last() {
        let mut repeated = company("d", Some(5));
        repeated.state.full_pass =
            Some(FullPass { position: "p".into(), checkpoint: Timestamp::from_millis(0), after: None });
        let mut companies = [
            company("a", None),
            repeated,
            company("b", Some(30)),
            company("c", Some(20)),
            company("0", None),
        ];
        companies.sort_by_cached_key(Company::rank);
        let order: Vec<String> = companies.iter().map(|company| company.owner.tenant.to_string()).collect();
        assert_eq!(order, ["c", "b", "0", "a", "d"]);
    }

    #[test]
    fn company_is_stale_a_day_after_its_last_sync_or_connection() {
        let now = |second: i64| Timestamp::from_millis(0).plus_seconds(second);
        assert!(!company("a", None).is_stale(now(MAX_AGE)));
        assert!(company("a", None).is_stale(now(MAX_AGE + 1)));
        assert!(!company("a", Some(60)).is_stale(now(MAX_AGE + 60)));
        assert!(company("a", Some(60)).is_stale(now(MAX_AGE + 61)));
    }
}
