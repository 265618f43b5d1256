//! Consistent names and routes. A function has one name in `template.yaml`, its binary, its endpoint, its
//! handler's file and its test's file, and one route in the template, the handler, the test and the OpenAPI
//! specification.

use std::collections::{BTreeMap, BTreeSet};

use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use clientele_functions_erp::openapi::ErpApi;
use clientele_functions_trades::openapi::TradesApi;
use clientele_infra::functions::{self, endpoints, streamed_endpoints, webhook_endpoints};
use clientele_infra::local::function::STREAM_TIME_LIMIT;
use clientele_infra::local::routes::{Route, Routes, TEMPLATE};
use clientele_shared::model::Scope;

use super::repository::{File, files, packages, read};
use super::scheduled::scheduled;
use super::template::{self, text};

/// The last part of the name of a function that a schedule invokes.
pub(super) const SCHEDULED: &str = "scheduled";

/// The parts of a function's name: `trades-customer-get` belongs to the dialect `trades` and has the file
/// `customer_get.rs`. `sync-scheduled` is a function of the sync agent.
pub(super) struct Name {
    dialect: String,
    file: String,
}

impl Name {
    pub(super) fn parse(function: &str) -> Self {
        let (dialect, rest) =
            function.split_once('-').unwrap_or_else(|| panic!("{function} does not start with a dialect"));
        Self { dialect: dialect.to_owned(), file: rest.replace('-', "_") }
    }

    pub(super) fn handler(&self) -> String {
        match self.file.as_str() {
            SCHEDULED => format!("sync-agent/src/{SCHEDULED}/{}.rs", self.dialect),
            file => format!("functions/{}/src/{file}.rs", self.dialect),
        }
    }

    /// Returns the folder of the tests. The mirror's functions are tested together.
    fn tests(&self) -> String {
        let is_mirror = ["quickbooks", "sync"].contains(&self.dialect.as_str());
        format!("tests/{}", if is_mirror { "mirror" } else { &self.dialect })
    }

    pub(super) fn test(&self) -> String {
        format!("{}/{}.rs", self.tests(), self.file)
    }
}

pub(super) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

fn in_template() -> BTreeSet<String> {
    template::functions().into_iter().map(|function| function.name).collect()
}

/// Returns the functions that requests invoke: all but the scheduled ones.
fn requested() -> BTreeSet<String> {
    &in_template() - &scheduled()
}

fn routes() -> Vec<Route> {
    Routes::read(TEMPLATE).unwrap().all().collect()
}

pub(super) fn first_line(path: &str) -> String {
    read(path).lines().next().unwrap_or_default().to_owned()
}

/// Returns the dialect and the Rust files of each folder `functions/<dialect>/<under>/`, without subfolders.
fn sources<'a>(files: &'a [File], under: &'a str) -> impl Iterator<Item = (&'a str, &'a File)> {
    files.iter().filter_map(move |file| {
        let (dialect, rest) = file.path.strip_prefix("functions/")?.split_once('/')?;
        let name = rest.strip_prefix(under)?.strip_suffix(".rs")?;
        (!name.contains('/')).then_some((dialect, file))
    })
}

#[test]
fn every_deployed_function_has_a_binary_and_no_other_is_built() {
    let packages = packages();
    let lambdas = packages.iter().filter(|package| package.folder().starts_with("functions/"));
    let built: BTreeSet<String> = lambdas.flat_map(|package| names(package.binaries())).collect();
    assert_eq!(requested(), built, "left: template.yaml, right: the binaries under functions/");
    let files = files();
    let written = sources(&files, "src/bin/").map(|(_, file)| file.name().trim_end_matches(".rs"));
    assert_eq!(requested(), names(written), "left: template.yaml, right: functions/*/src/bin/");
}

#[test]
fn local_stack_runs_exactly_the_deployed_functions() {
    let linked = names(functions::names());
    assert_eq!(requested(), linked, "left: template.yaml, right: names() of infra/src/functions.rs");
}

#[test]
fn every_function_has_a_handler_and_a_test_named_after_it() {
    let files = files();
    let expected: BTreeSet<String> = requested().iter().map(|name| Name::parse(name).handler()).collect();
    let handlers = sources(&files, "src/").filter(|(_, file)| file.text.contains("pub const ENDPOINT: "));
    let found: BTreeSet<String> = handlers.map(|(_, file)| file.path.clone()).collect();
    assert_eq!(expected, found, "left: the handlers of template.yaml, right: the files with an ENDPOINT");
    for function in in_template() {
        let name = Name::parse(&function);
        let declared = format!("mod {};", name.file);
        let tests = format!("{}/mod.rs", name.tests());
        assert!(read(&tests).lines().any(|line| line == declared), "{tests} lacks `{declared}`");
        assert!(read(&name.test()).contains("#[tokio::test]"), "{} contains no test", name.test());
    }
}

#[test]
fn every_binary_serves_the_endpoint_with_its_name() {
    for function in requested() {
        let Name { dialect, file } = Name::parse(&function);
        let path = format!("functions/{dialect}/src/bin/{function}.rs");
        assert_eq!(first_line(&path), format!("//! The Lambda function `{function}`."), "{path}");
        let endpoint = format!("clientele_functions_{dialect}::{file}::ENDPOINT");
        let serve = match (webhooks().contains(&function), function.ends_with("-export")) {
            (true, _) => "serve_webhook",
            (_, true) => "serve_streamed",
            _ => "serve",
        };
        let call = format!("clientele_functions_common::{serve}(&{endpoint})");
        assert!(read(&path).contains(&call), "{path} lacks `{call}`");
        let named = format!("name: \"{function}\"");
        let handler = Name::parse(&function).handler();
        assert!(read(&handler).contains(&named), "{handler} lacks `{named}`");
    }
}

/// Returns the functions that other services call.
fn webhooks() -> BTreeSet<String> {
    names(webhook_endpoints().map(|endpoint| endpoint.name))
}

#[test]
fn only_webhooks_and_schedules_take_no_api_key() {
    let without_key = &webhooks() | &scheduled();
    assert_eq!(
        webhooks(),
        names(["quickbooks-webhook"]),
        "a function without an API key must be listed here"
    );
    for function in template::functions() {
        let policies = template::at(&function.properties, &["Policies"]).as_sequence().unwrap();
        let reads_keys = policies.iter().any(|policy| policy.as_str() == Some("CallerAccess"));
        assert_eq!(reads_keys, !without_key.contains(&function.name), "CallerAccess of {}", function.name);
        let variables = function.properties.get("Environment").map(|all| &all["Variables"]);
        let has_token = variables.is_some_and(|all| all.get("CLIENTELE_QUICKBOOKS_VERIFIER_TOKEN").is_some());
        assert_eq!(has_token, function.name == "quickbooks-webhook", "the token of {}", function.name);
    }
}

#[test]
fn every_function_is_deployed_under_its_own_name() {
    for function in template::functions() {
        let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
        let (name, expected): (_, String) = (&function.name, function.name.split('-').map(capital).collect());
        assert_eq!(function.id, expected, "the logical id of {name}");
        let own = |names: &[&str]| text(&function.properties, names).to_owned();
        assert_eq!(own(&["CodeUri"]), format!("target/lambda/{name}/"));
        assert_eq!(own(&["FunctionName"]), format!("${{AWS::StackName}}-{name}"));
        let logs = own(&["LoggingConfig", "LogGroup"]);
        assert_eq!(logs, format!("{expected}Logs"));
        // A fixed name would collide with a log group that survives the deletion of an earlier stack.
        let group = template::resource(&logs);
        assert_eq!(group["Properties"].get("LogGroupName"), None, "{logs}");
    }
}

#[test]
fn handlers_and_tests_open_with_their_route() {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Route { function, method, path } in routes() {
        all.entry(function).or_default().push(format!("{method} {path}"));
    }
    for (function, routes) in all {
        let name = Name::parse(&function);
        let expected = format!("//! `{}`: ", routes.join("`, `"));
        let line = first_line(&name.handler());
        assert!(
            line.starts_with(&expected),
            "{} starts with\n{line}\ninstead of\n{expected}",
            name.handler()
        );
        let expected = format!("//! `{function}`: {}.", routes.join(", "));
        assert_eq!(first_line(&name.test()), expected, "{}", name.test());
    }
}

/// The specifications are for clients with an API key. GraphQL describes itself, and webhooks have the format of the service
/// that calls them.
#[test]
fn openapi_specifications_describe_every_rest_route() {
    check_specification("erp-", &ErpApi::openapi());
    check_specification("trades-", &TradesApi::openapi());
    let described = ["erp-", "trades-"];
    let others = routes().into_iter().map(|route| route.function);
    let others = others.filter(|name| !described.iter().any(|dialect| name.starts_with(dialect)));
    let exempt = names(["funnels-graphql", "pool-customer-export", "pool-graphql", "pool-pricing-export"]);
    assert_eq!(others.collect::<BTreeSet<_>>(), &exempt | &webhooks(), "functions without a specification");
}

fn check_specification(dialect: &str, specification: &OpenApi) {
    let specification = serde_json::to_value(specification).unwrap();
    let mut described = BTreeSet::new();
    for (path, item) in specification["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let function = operation["operationId"].as_str().unwrap_or_default();
            described.insert((function.to_owned(), method.to_uppercase(), path.clone()));
        }
    }
    let own = routes().into_iter().filter(|route| route.function.starts_with(dialect));
    let routed: BTreeSet<_> = own.map(|route| (route.function, route.method, route.path)).collect();
    assert_eq!(routed, described, "left: template.yaml, right: the OpenAPI specification");
}

#[test]
fn routes_that_change_records_require_the_write_scope() {
    for Route { function, method, .. } in routes() {
        let Some(endpoint) = endpoints().find(|endpoint| endpoint.name == function) else { continue };
        // The scope that GraphQL requires depends on the document, not on the method.
        if function.starts_with("trades-") || function.starts_with("erp-") {
            let expected = if method == "GET" { Scope::Read } else { Scope::Write };
            assert_eq!(endpoint.scopes[0], expected, "{function}");
        }
    }
}

#[test]
fn streamed_functions_are_exports_and_deployed_as_streams() {
    let streamed: BTreeSet<String> = names(streamed_endpoints().map(|endpoint| endpoint.name));
    for function in template::functions() {
        let is_streamed = streamed.contains(&function.name);
        for event in template::events(&function) {
            let setting = |name: &str| event.get(name).map(template::scalar);
            let mode = is_streamed.then(|| "RESPONSE_STREAM".to_owned());
            assert_eq!(setting("ResponseTransferMode"), mode, "{}", function.name);
            let limit = is_streamed.then(|| STREAM_TIME_LIMIT.as_millis().to_string());
            assert_eq!(setting("TimeoutInMillis"), limit, "{}", function.name);
        }
        if is_streamed {
            let timeout = function.properties.get("Timeout").map(template::scalar);
            assert_eq!(timeout, Some(STREAM_TIME_LIMIT.as_secs().to_string()), "{}", function.name);
        }
    }
    for endpoint in streamed_endpoints() {
        assert_eq!((endpoint.scopes, endpoint.name.ends_with("-export")), (&[Scope::Export][..], true));
    }
}
