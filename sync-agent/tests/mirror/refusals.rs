//! Refusals of QuickBooks, the table and the commands: one line, an exit code, and nothing that remains.

use std::time::Instant;

use clientele_shared::model::RealmId;
use serde_json::json;

use crate::fixture::Fixture;

#[tokio::test]
async fn refused_company_or_credentials_leave_nothing_behind() {
    let fixture = Fixture::start().await;
    fixture.file("wrong", "wrong-secret");
    fixture.file("empty", " \n");
    let realm = &fixture.ready.realm_id;
    for (realm, secret, more, code, text) in [
        ("123456", "secret", &[][..], 4, "does not belong to this company"),
        (realm, "wrong", &[], 4, "rejects the client id or client secret"),
        (realm, "empty", &[], 1, "empty is empty"),
        (realm, "absent", &[], 1, "cannot read absent"),
        (realm, "secret", &["--currency", "CAD"], 1, "keeps its books in USD, and your customers are in CAD"),
    ] {
        let ran = fixture.run(&[&fixture.connect_arguments(realm, secret), more].concat()).await;
        assert!(ran.error(code).contains(text), "{ran:?}");
        assert_eq!(fixture.secret_files().len(), 0, "{text}");
        assert_eq!(fixture.store.connection_get(&fixture.tenant()).await.unwrap(), None);
        let realm: RealmId = realm.parse().unwrap();
        assert_eq!(fixture.store.realm_owner_get(&realm).await.unwrap(), None);
    }
    fixture.connect(&[]).await.json(0);
}

#[tokio::test]
async fn refresh_token_that_a_refused_connection_has_used_up_is_replaced_in_its_file() {
    let fixture = Fixture::start().await;
    fixture.stand_in.lock().switches.set("refresh_token_rotation", &json!("every_time")).unwrap();
    let file = fixture.home.path().join("token");
    let mut before = fixture.ready.refresh_token.clone();
    for (realm, more, code) in [("123456", &[][..], 4), (&fixture.ready.realm_id, &["--currency", "CAD"], 1)]
    {
        let ran = fixture.run(&[&fixture.connect_arguments(realm, "secret"), more].concat()).await;
        assert!(
            ran.error(code).contains("replaced the refresh token, and token holds the new one"),
            "{ran:?}"
        );
        let after = std::fs::read_to_string(&file).unwrap().trim().to_owned();
        assert!(after != before && !ran.stderr.contains(&after));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fixture.secret_files().len(), 0);
        before = after;
    }
    fixture.connect(&[]).await.json(0);
}

#[tokio::test]
async fn refused_second_connection_leaves_the_first_as_it_was() {
    let fixture = Fixture::connected().await;
    let before = (fixture.store.connection_get(&fixture.tenant()).await.unwrap(), fixture.secret_files());
    fixture.connect(&["--currency", "CAD"]).await.error(1);
    let after = (fixture.store.connection_get(&fixture.tenant()).await.unwrap(), fixture.secret_files());
    assert_eq!(before, after);
    fixture.run(&["sync", "--json"]).await.json(0);
}

#[tokio::test]
async fn company_of_another_tenant_is_refused_by_its_name() {
    let fixture = Fixture::connected().await;
    let files = fixture.secret_files();
    for tenant in [["--tenant", "other"], ["--mode", "test"]] {
        let ran = fixture.connect(&tenant).await;
        assert!(ran.error(1).contains("sync-agent disconnect --tenant demo --mode live"), "{ran:?}");
    }
    assert_eq!(fixture.secret_files(), files);
}

#[tokio::test]
async fn ended_authorization_is_reported_with_code_4() {
    let fixture = Fixture::connected().await;
    fixture.stand_in.lock().grants.revoke_all();
    for command in ["sync", "plan"] {
        let ran = fixture.run(&[command, "--json"]).await;
        assert!(ran.error(4).contains("connect again with `sync-agent connect`"), "{ran:?}");
    }
    // The state is that of the table, and QuickBooks is not asked.
    fixture.run(&["status", "--json"]).await.json(0);
    std::fs::remove_file(&fixture.secret_files()[0]).unwrap();
    let status = fixture.run(&["status", "--json"]).await;
    assert_eq!(status.json(4)["connected"], false);
    assert!(status.stderr.starts_with("error: QuickBooks is not connected"), "{status:?}");
    fixture.run(&["sync", "--json"]).await.error(4);
}

#[tokio::test]
async fn unreachable_quickbooks_is_reported_with_code_5_in_seconds() {
    let mut fixture = Fixture::connected().await;
    fixture.stop_stand_in().await;
    for command in [&["sync"][..], &["plan"], &fixture.connect_arguments(&fixture.ready.realm_id, "secret")] {
        let started = Instant::now();
        let ran = fixture.run(command).await;
        assert!(ran.error(5).contains("QuickBooks cannot be reached"), "{ran:?}");
        assert!(started.elapsed().as_secs() < 15, "{:?}", started.elapsed());
    }
    fixture.run(&["status"]).await;
    assert_eq!(fixture.secret_files().len(), 1);
}

#[tokio::test]
async fn unreachable_table_is_reported_with_code_5() {
    let mut fixture = Fixture::start().await;
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    fixture.dynamodb = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for command in ["status", "sync", "conflicts", "disconnect"] {
        let ran = fixture.run(&[command, "--json"]).await;
        let expected = format!("nothing listens at {}; start the local stack", fixture.dynamodb);
        assert!(ran.error(5).contains(&expected), "{ran:?}");
    }
}

#[tokio::test]
async fn missing_table_is_reported_by_its_name() {
    let fixture = Fixture::start().await;
    let ran = fixture.run(&["sync", "--table", "absent"]).await;
    assert!(ran.error(1).contains("table absent: does not exist; check --table"), "{ran:?}");
}
