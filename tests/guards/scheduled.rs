//! Functions that a schedule invokes: names, files, settings and secrets.

use std::collections::BTreeSet;

use clientele_sync_agent::scheduled::{export, sync};

use super::functions::{Name, SCHEDULED, first_line, names};
use super::repository::{files, packages, read};
use super::template::{self, Function, at, scalar, text, texts};

/// The binaries of the sync agent that are not functions.
const COMMANDS: [&str; 1] = ["sync-agent"];

/// Returns the names of the functions that a schedule invokes, and no request.
pub(super) fn scheduled() -> BTreeSet<String> {
    scheduled_functions().into_iter().map(|function| function.name).collect()
}

fn scheduled_functions() -> Vec<Function> {
    let is_scheduled =
        |function: &Function| template::event_types(function).iter().all(|kind| kind == "ScheduleV2");
    template::functions().into_iter().filter(is_scheduled).collect()
}

#[test]
fn scheduled_functions_are_binaries_of_the_sync_agent() {
    assert_eq!(
        scheduled(),
        names([export::NAME, sync::NAME]),
        "a function without a route must be listed here"
    );
    let packages = packages();
    let agent = packages.iter().find(|package| package.folder() == "sync-agent").unwrap();
    let built = names(agent.binaries().filter(|name| !COMMANDS.contains(name)));
    assert_eq!(scheduled(), built, "left: template.yaml, right: the binaries of sync-agent");
    let files = files();
    let written = files.iter().filter(|file| file.path.starts_with("sync-agent/src/bin/"));
    let written = names(written.map(|file| file.name().trim_end_matches(".rs")));
    assert_eq!(scheduled(), written, "left: template.yaml, right: sync-agent/src/bin/");
}

#[test]
fn scheduled_functions_have_a_binary_a_handler_and_a_test_of_their_name() {
    for function in scheduled() {
        let name = Name::parse(&function);
        let binary = format!("sync-agent/src/bin/{function}.rs");
        assert_eq!(first_line(&binary), format!("//! The Lambda function `{function}`."), "{binary}");
        let module = function.strip_suffix("-scheduled").unwrap();
        let call = format!("clientele_sync_agent::{SCHEDULED}::{module}::serve()");
        assert!(read(&binary).contains(&call), "{binary} lacks `{call}`");
        let (handler, purpose) = (name.handler(), format!("//! `{function}`: "));
        assert!(first_line(&handler).starts_with(&purpose), "{handler} does not start with {purpose}");
        assert!(
            read(&handler).contains(&format!("NAME: &str = \"{function}\"")),
            "{handler} has another name"
        );
        assert_eq!(first_line(&name.test()), format!("//! `{function}`: on a schedule."), "{}", name.test());
        assert!(read(&name.test()).contains("#[tokio::test]"), "{} contains no test", name.test());
    }
}

/// An invocation that is repeated would only meet the lease of the first one. Without `OmitName`, two stacks of an account
/// would have a schedule of the same name.
#[test]
fn scheduled_functions_have_all_the_time_and_are_not_repeated() {
    for function in scheduled_functions() {
        let number = |names: &[&str]| scalar(at(&function.properties, names));
        assert_eq!(number(&["Timeout"]), "900", "{}", function.name);
        assert_eq!(number(&["EventInvokeConfig", "MaximumRetryAttempts"]), "0", "{}", function.name);
        for event in template::events(&function) {
            assert_eq!(at(&event, &["OmitName"]).as_bool(), Some(true), "{}", function.name);
            assert_eq!(
                scalar(at(&event, &["RetryPolicy", "MaximumRetryAttempts"])),
                "0",
                "{}",
                function.name
            );
            let input: serde_json::Value = serde_json::from_str(text(&event, &["Input"])).unwrap();
            assert_eq!(input, serde_json::json!({}), "{}", function.name);
        }
    }
}

/// The mirror reads the tokens of its companies, and replaces them when they are refreshed.
#[test]
fn only_the_sync_uses_secrets_and_only_those_of_connections() {
    for function in template::functions() {
        let policies = at(&function.properties, &["Policies"]).as_sequence().unwrap();
        let own = policies.iter().filter_map(|policy| policy.get("Statement")?.as_sequence()).flatten();
        let secrets = own.filter(|statement| super::privileges::is_of_secrets(statement));
        let secrets: Vec<_> =
            secrets.map(|one| (texts(at(one, &["Action"])), text(one, &["Resource"]).to_owned())).collect();
        let actions = ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"].map(str::to_owned);
        let resource = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:\
                        clientele/quickbooks/*";
        let expected = (function.name == sync::NAME).then(|| (actions.to_vec(), resource.to_owned()));
        assert_eq!(secrets, Vec::from_iter(expected), "the secrets of {}", function.name);
    }
}
