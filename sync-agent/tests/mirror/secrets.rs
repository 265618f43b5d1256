//! Secrets are in one private file, and in no output.

use serde_json::Value;

use crate::fixture::{Fixture, Ran};

#[cfg(unix)]
#[tokio::test]
async fn secrets_are_in_one_file_that_only_its_owner_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let fixture = Fixture::connected().await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let files = fixture.secret_files();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!((mode(file), mode(file.parent().unwrap())), (0o600, 0o700));
    let connection = fixture.store.connection_get(&fixture.tenant()).await.unwrap().unwrap();
    let prefix = format!("clientele/quickbooks/demo/{}-", fixture.ready.realm_id);
    let random = connection.secret.strip_prefix(&prefix).unwrap();
    assert!(random.len() == 8 && random.bytes().all(|byte| byte.is_ascii_hexdigit()), "{random}");
}

/// Returns the secrets of the stand-in and of the connection.
fn all_secrets(fixture: &Fixture) -> Vec<String> {
    let ready = &fixture.ready;
    let mut all = vec![
        ready.client_secret.clone(),
        ready.access_token.clone(),
        ready.refresh_token.clone(),
        ready.verifier_token.clone(),
    ];
    for file in fixture.secret_files() {
        let stored: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let tokens = ["access_token", "refresh_token"].map(|name| stored[name].as_str().unwrap().to_owned());
        all.extend(tokens);
    }
    all
}

#[tokio::test]
async fn no_command_prints_a_secret() {
    let fixture = Fixture::start().await;
    fixture.customer("Ann", "ann@example.com").await;
    let mut outputs: Vec<Ran> = vec![fixture.connect(&[]).await];
    let secrets = all_secrets(&fixture);
    assert!(secrets.iter().all(|secret| secret.len() > 20));
    let connect = fixture.connect_arguments(&fixture.ready.realm_id, "secret");
    assert!(connect.iter().all(|argument| !secrets.contains(&(*argument).to_owned())));
    for command in ["status", "plan", "sync", "conflicts", "settings"] {
        outputs.push(fixture.run(&[command]).await);
        outputs.push(fixture.run(&[command, "--json"]).await);
    }
    let file = &fixture.secret_files()[0];
    let stored = std::fs::read_to_string(file).unwrap();
    std::fs::write(file, stored.replace("\"client_id\"", "\"other\"")).unwrap();
    for command in ["status", "sync", "disconnect"] {
        outputs.push(fixture.run(&[command]).await);
    }
    outputs.push(fixture.connect(&[]).await);
    fixture.stand_in.lock().grants.revoke_all();
    outputs.push(fixture.run(&["sync"]).await);
    outputs.push(fixture.connect(&[]).await);
    outputs.push(fixture.run(&["disconnect"]).await);
    for output in outputs {
        for secret in &secrets {
            assert!(!output.stdout.contains(secret) && !output.stderr.contains(secret), "{output:?}");
        }
    }
}
