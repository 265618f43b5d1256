//! Connecting a company, what stays when it is connected again, and disconnecting it.

use serde_json::json;

use crate::fixture::Fixture;

#[tokio::test]
async fn company_is_connected_with_files() {
    let fixture = Fixture::start().await;
    let connected = fixture.connect(&[]).await.json(0);
    assert_eq!(connected["realm_id"], fixture.ready.realm_id);
    assert_eq!(connected["company"], "Blue Lagoon Pool Service");
    let status = fixture.run(&["status", "--json"]).await.json(0);
    assert_eq!((&status["connected"], &status["company"]), (&json!(true), &connected["company"]));
    for member in ["refresh_token_expires_at", "hard_expires_at"] {
        let at = connected[member].as_str().unwrap();
        assert!(at.starts_with("20") && at.ends_with('Z'), "{at}");
        assert_eq!(status[member], at);
    }
}

#[tokio::test]
async fn second_connection_keeps_the_settings_and_replaces_the_secrets() {
    let fixture = Fixture::connected().await;
    let first = fixture.secret_files();
    let arguments = ["settings", "--winner", "theirs", "--deactivate", "deleted", "--json"];
    let expected = json!({ "winner": "theirs", "deactivate": "deleted" });
    assert_eq!(fixture.run(&arguments).await.json(0), expected);
    fixture.connect(&[]).await.json(0);
    assert_eq!(fixture.run(&["settings", "--json"]).await.json(0), expected);
    let second = fixture.secret_files();
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_ne!(first, second);
}

#[tokio::test]
async fn other_setting_of_deactivation_is_told_to_need_a_comparison() {
    let fixture = Fixture::connected().await;
    let arguments = ["settings", "--deactivate", "never"];
    let first = fixture.run(&arguments).await;
    assert!(first.stdout.contains("the next sync compares all customers"), "{first:?}");
    let second = fixture.run(&arguments).await;
    assert!(!second.stdout.contains("compares"), "{second:?}");
}

#[tokio::test]
async fn disconnecting_ends_the_authorization_and_keeps_the_links() {
    let fixture = Fixture::connected().await;
    fixture.customer("Ann", "ann@example.com").await;
    assert_eq!(fixture.run(&["sync", "--json"]).await.json(0)["pushed"]["created"], 1);
    let disconnected = fixture.run(&["disconnect", "--json"]).await.json(0);
    assert_eq!(disconnected["company"], "Blue Lagoon Pool Service");
    assert_eq!(disconnected["revoked"], true);
    assert!(disconnected["hard_expires_at"].is_string());
    assert_eq!(fixture.secret_files().len(), 0);
    let error = fixture.connect(&[]).await;
    assert!(error.error(4).contains("the refresh token in token is not valid"), "{error:?}");

    let token = {
        let mut state = fixture.stand_in.lock();
        let (now, id) = (state.now(), state.app.first_grant.clone());
        let switches = state.switches.clone();
        state.grants.ensure(&id, now, &switches).refresh_token
    };
    fixture.file("token", &token);
    fixture.connect(&[]).await.json(0);
    let again = fixture.run(&["sync", "--json"]).await.json(0);
    assert_eq!((&again["pushed"]["created"], &again["pushed"]["linked"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn connection_is_removed_although_quickbooks_cannot_be_reached() {
    let mut fixture = Fixture::connected().await;
    fixture.stop_stand_in().await;
    let ran = fixture.run(&["disconnect", "--json"]).await;
    assert_eq!(ran.json(0)["revoked"], false);
    assert!(ran.stderr.contains("warning: the authorization was not ended in QuickBooks"), "{ran:?}");
    assert_eq!(fixture.secret_files().len(), 0);
    fixture.run(&["status"]).await.error(4);
}

#[tokio::test]
async fn commands_of_a_tenant_that_is_not_connected_fail_with_code_4() {
    let fixture = Fixture::start().await;
    for command in [&["plan"][..], &["sync"], &["disconnect"], &["settings"], &["conflicts"], &["status"]] {
        let ran = fixture.run(command).await;
        assert!(ran.error(4).contains("`sync-agent connect`"), "{ran:?}");
    }
    let resolve = ["conflicts", "resolve", "cust_1", "--keep", "ours"];
    fixture.run(&resolve).await.error(4);
    let status = fixture.run(&["status", "--json"]).await.json(4);
    assert_eq!(status["connected"], false);
    let absent = fixture.run(&["status", "--tenant", "absent"]).await;
    assert!(absent.error(1).contains("clientele tenant create absent"), "{absent:?}");
}
