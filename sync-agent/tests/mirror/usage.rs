//! Wrong usage, and the help of each command.

use std::process::Stdio;

use crate::fixture::Fixture;

#[tokio::test]
async fn wrong_usage_ends_with_code_2() {
    let fixture = Fixture::start().await;
    let url = fixture.ready.url.clone();
    for arguments in [
        &["sync", "--sideways"][..],
        &["conflicts", "resolve", "5", "--keep", "ours"],
        &["conflicts", "resolve", "cust_5"],
        &["conflicts", "resolve", "--keep", "ours"],
        &["conflicts", "--keep", "ours"],
        &["conflicts", "cust_5"],
        &["conflicts", "resolve", "cust_5", "--keep", "mine"],
        &["conflicts", "resolve", "cust_5", "--keep", "ours", "--field", "colour"],
        &["settings", "--winner", "both"],
        &["settings", "--deactivate", "all"],
        &["connect", "--url", &url],
        &["connect", "--url", "not-a-url"],
        &["connect", "--url", "http://example.com", "--client-id", "a", "--client-secret-file", "secret"],
        &["connect", "--url", &url, "--environment", "sandbox"],
        &["connect", "--environment", "local"],
        &["connect", "--realm-id", "1"],
        &["connect", "--currency", "dollars"],
        &["connect", "--url", &url, "--client-id", "a"],
    ] {
        let ran = fixture.run(arguments).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.starts_with("error: "), "{ran:?}");
    }
    assert_eq!(fixture.secret_files().len(), 0);
}

#[tokio::test]
async fn tenant_must_be_named_on_aws() {
    let fixture = Fixture::start().await;
    for command in ["connect", "disconnect", "plan", "sync", "status", "conflicts", "settings"] {
        let output = fixture.command(&[command]).env_remove("AWS_REGION").output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{command}: {stderr}");
        assert!(stderr.contains("--tenant <NAME>"), "{command}: {stderr}");
    }
}

#[tokio::test]
async fn help_of_each_command_has_two_examples() {
    let fixture = Fixture::start().await;
    let commands = ["connect", "disconnect", "plan", "sync", "status", "conflicts", "settings"];
    for command in commands.into_iter().chain(["import", "export", "schedule"]) {
        let output = fixture.command(&[command, "--help"]).stderr(Stdio::inherit()).output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        let examples = help.split_once("Examples:\n").unwrap().1;
        let count = examples.lines().take_while(|line| line.starts_with("  sync-agent ")).count();
        assert_eq!(count, 2, "{help}");
        assert!(!help.lines().next().unwrap().is_empty());
    }
}
