//! Settings and API keys of one tenant that change at the same time lose none of the changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::{join, join_all};
use tokio::sync::{Notify, mpsc};

use clientele_shared::model::{Mode, Scopes, Settings, TenantId};
use clientele_shared::store::{NewApiKey, Store};
use clientele_shared::table::connect::Connection;

use crate::support::{FaultAction, Faults, Stack};

/// How many keys are created, and as many settings are set, at the same time.
const CHANGES: u64 = 6;

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_changes_of_settings_and_keys_are_all_kept() {
    let stack = Stack::start().await;
    let tenant: TenantId = "acme".parse().unwrap();
    let revoked = stack.caller("acme", Mode::Live, "read").await.key;
    let rotated = stack.caller("acme", Mode::Test, "read,write").await.key;
    let create = |number: u64| {
        let (store, tenant) = (stack.store.clone(), tenant.clone());
        let name = format!("key {number}");
        let new = NewApiKey { tenant, mode: Mode::Live, scopes: Scopes::all(), name };
        tokio::spawn(async move { store.api_key_create(new).await.unwrap().0.hash })
    };
    let set = |number: u64| {
        let (store, tenant) = (stack.store.clone(), tenant.clone());
        let settings = Settings { usage_limit: 1_000 + number, ..Settings::default() };
        tokio::spawn(async move { store.tenant_settings_set(&tenant, &settings).await.unwrap() })
    };
    let creates: Vec<_> = (0..CHANGES).map(create).collect();
    let sets: Vec<_> = (0..CHANGES).map(set).collect();
    let ids = (revoked.id(), rotated.id());
    let revoke = stack.store.api_key_revoke(&tenant, &ids.0);
    let rotate = stack.store.api_key_rotate(&tenant, &ids.1);
    let (revoke, rotate) = join(revoke, rotate).await;
    revoke.unwrap();
    let replacement = rotate.unwrap().0.hash;
    let created: Vec<_> = join_all(creates).await.into_iter().map(Result::unwrap).collect();
    for set in sets {
        set.await.unwrap();
    }

    let settings = stack.store.tenant_settings(&tenant).await.unwrap();
    assert!((1_000..1_000 + CHANGES).contains(&settings.usage_limit), "{settings:?}");
    let keys = stack.store.api_keys_list(&tenant).await.unwrap();
    let hashes = keys.iter().map(|key| key.hash.as_str().to_owned()).collect::<BTreeSet<_>>();
    let expected = created.iter().chain([&replacement, &stack.acme.key.hash]);
    assert_eq!(hashes, expected.map(|hash| hash.as_str().to_owned()).collect());
    for key in keys {
        // The key that functions read has the settings of the tenant.
        assert_eq!(key.settings, settings, "the settings of {:?}", key.name);
        let read = stack.store.api_key_get(&key.hash).await.unwrap().unwrap();
        assert_eq!(read.settings, settings);
    }
    assert!(stack.store.api_key_get(&revoked.hash).await.unwrap().is_none());
}

/// A key is created while the tenant's version is being read.
#[tokio::test(flavor = "multi_thread")]
async fn key_created_while_settings_change_gets_the_new_settings() {
    let stack = Stack::start().await;
    let tenant: TenantId = "acme".parse().unwrap();
    let faults = Faults::default();
    let config = faults.without_retries(Connection::local(&stack.url).config().unwrap()).build();
    let store = Store::new(aws_sdk_dynamodb::Client::from_conf(config), &stack.table, stack.clock.ambient());
    let release = Arc::new(Notify::new());
    let (held, (sender, mut calls)) = (Arc::clone(&release), mpsc::unbounded_channel());
    let mut is_first = true;
    faults.plan(move |sent| {
        sender.send(sent.operation.clone()).unwrap();
        let holds = sent.operation == "GetItem" && std::mem::take(&mut is_first);
        if holds { FaultAction::Hold(Arc::clone(&held)) } else { FaultAction::Pass }
    });
    let settings = Settings { usage_limit: 77, ..Settings::default() };
    let change = {
        let (store, tenant, settings) = (store.clone(), tenant.clone(), settings.clone());
        tokio::spawn(async move { store.tenant_settings_set(&tenant, &settings).await })
    };
    assert_eq!(calls.recv().await.as_deref(), Some("GetItem"));
    let key = stack.caller("acme", Mode::Live, "read").await.key;
    release.notify_one();
    change.await.unwrap().unwrap();
    let read = stack.store.api_key_get(&key.hash).await.unwrap().unwrap();
    assert_eq!(read.settings, settings);
}
