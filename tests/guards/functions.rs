//! One name, everywhere: the function in `template.yaml`, its binary, its endpoint, its handler's file and its
//! test's file; and one route, in the template, the handler, the test and the OpenAPI document.

use std::collections::{BTreeMap, BTreeSet};

use utoipa::OpenApi as _;

use clientele_functions_trades::openapi::TradesApi;
use clientele_infra::functions::{self, endpoints, streamed_endpoints};
use clientele_infra::local::routes::{Route, Routes, TEMPLATE};
use clientele_shared::model::Scope;

use super::repository::{File, files, packages, read};
use super::template::{self, text};

/// A function's name, taken apart: `trades-customer-get` is of the dialect `trades` and its file is
/// `customer_get.rs`.
struct Name {
    dialect: String,
    file: String,
}

impl Name {
    fn of(function: &str) -> Self {
        let (dialect, rest) =
            function.split_once('-').unwrap_or_else(|| panic!("{function} names no dialect"));
        Self { dialect: dialect.to_owned(), file: rest.replace('-', "_") }
    }

    fn handler(&self) -> String {
        format!("functions/{}/src/{}.rs", self.dialect, self.file)
    }

    fn test(&self) -> String {
        format!("tests/{}/{}.rs", self.dialect, self.file)
    }
}

fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

fn in_template() -> BTreeSet<String> {
    template::functions().into_iter().map(|function| function.name).collect()
}

fn routes() -> Vec<Route> {
    Routes::read(TEMPLATE).unwrap().all().collect()
}

fn first_line(path: &str) -> String {
    read(path).lines().next().unwrap_or_default().to_owned()
}

/// The files in a folder `functions/<dialect>/<under>/`, not deeper.
fn sources<'a>(files: &'a [File], under: &'a str) -> impl Iterator<Item = (&'a str, &'a File)> {
    files.iter().filter_map(move |file| {
        let (dialect, rest) = file.path.strip_prefix("functions/")?.split_once('/')?;
        let name = rest.strip_prefix(under)?.strip_suffix(".rs")?;
        (!name.contains('/')).then_some((dialect, file))
    })
}

#[test]
fn what_is_deployed_is_what_is_built() {
    let packages = packages();
    let lambdas = packages.iter().filter(|package| package.folder().starts_with("functions/"));
    let built: BTreeSet<String> = lambdas.flat_map(|package| names(package.binaries())).collect();
    assert_eq!(in_template(), built, "left: template.yaml, right: the binaries under functions/");
    let files = files();
    let written = sources(&files, "src/bin/").map(|(_, file)| file.name().trim_end_matches(".rs"));
    assert_eq!(in_template(), names(written), "left: template.yaml, right: functions/*/src/bin/");
}

#[test]
fn what_is_deployed_is_what_the_local_stack_runs() {
    let linked = names(functions::names());
    assert_eq!(in_template(), linked, "left: template.yaml, right: names() of infra/src/functions.rs");
}

#[test]
fn every_function_has_a_handler_and_a_test_of_its_name() {
    let files = files();
    let expected: BTreeSet<String> = in_template().iter().map(|name| Name::of(name).handler()).collect();
    let handlers =
        sources(&files, "src/").filter(|(_, file)| file.text.contains("pub const ENDPOINT: Endpoint"));
    let found: BTreeSet<String> = handlers.map(|(_, file)| file.path.clone()).collect();
    assert_eq!(expected, found, "left: what template.yaml asks for, right: the files with an ENDPOINT");
    for function in in_template() {
        let name = Name::of(&function);
        let declared = format!("mod {};", name.file);
        let tests = format!("tests/{}/mod.rs", name.dialect);
        assert!(read(&tests).lines().any(|line| line == declared), "{tests} lacks `{declared}`");
        assert!(read(&name.test()).contains("#[tokio::test]"), "{} tests nothing", name.test());
    }
}

#[test]
fn every_binary_serves_the_endpoint_of_its_name() {
    for function in in_template() {
        let Name { dialect, file } = Name::of(&function);
        let path = format!("functions/{dialect}/src/bin/{function}.rs");
        assert_eq!(first_line(&path), format!("//! The Lambda function `{function}`."), "{path}");
        let endpoint = format!("clientele_functions_{dialect}::{file}::ENDPOINT");
        assert!(read(&path).contains(&endpoint), "{path} does not serve {endpoint}");
        let named = format!("name: \"{function}\"");
        let handler = Name::of(&function).handler();
        assert!(read(&handler).contains(&named), "{handler} lacks `{named}`");
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
        let group = template::resource(&logs);
        assert_eq!(
            text(&group, &["Properties", "LogGroupName"]),
            format!("/aws/lambda/${{AWS::StackName}}-{name}")
        );
    }
}

#[test]
fn handlers_and_tests_begin_with_the_route() {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Route { function, method, path } in routes() {
        all.entry(function).or_default().push(format!("{method} {path}"));
    }
    for (function, routes) in all {
        let name = Name::of(&function);
        let expected = format!("//! `{}`: ", routes.join("`, `"));
        let line = first_line(&name.handler());
        assert!(line.starts_with(&expected), "{} begins with\n{line}\nnot with\n{expected}", name.handler());
        let expected = format!("//! `{function}`: {}.", routes.join(", "));
        assert_eq!(first_line(&name.test()), expected, "{}", name.test());
    }
}

#[test]
fn the_open_api_document_describes_the_routes() {
    let document = serde_json::to_value(TradesApi::openapi()).unwrap();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let function = operation["operationId"].as_str().unwrap_or_default();
            described.insert((function.to_owned(), method.to_uppercase(), path.clone()));
        }
    }
    let trades = routes().into_iter().filter(|route| route.function.starts_with("trades-"));
    let routed: BTreeSet<_> = trades.map(|route| (route.function, route.method, route.path)).collect();
    assert_eq!(routed, described, "left: template.yaml, right: the OpenAPI document");
}

#[test]
fn a_route_that_changes_records_asks_for_the_scope_write() {
    for Route { function, method, .. } in routes() {
        let Some(endpoint) = endpoints().find(|endpoint| endpoint.name == function) else { continue };
        // GraphQL is all POST, and asks for the scope by what is in the query.
        if function.starts_with("trades-") {
            let expected = if method == "GET" { Scope::Read } else { Scope::Write };
            assert_eq!(endpoint.scope, expected, "{function}");
        }
    }
}

#[test]
fn what_streams_is_deployed_so_and_is_an_export() {
    let streamed: BTreeSet<String> = names(streamed_endpoints().map(|endpoint| endpoint.name));
    for function in template::functions() {
        let is_streamed = streamed.contains(&function.name);
        for event in template::events(&function) {
            let told = |name: &str| event.get(name).map(template::plain);
            let mode = is_streamed.then(|| "RESPONSE_STREAM".to_owned());
            assert_eq!(told("ResponseTransferMode"), mode, "{}", function.name);
            // The longest that API Gateway and Lambda give; the same number, in milliseconds and seconds.
            assert_eq!(
                told("TimeoutInMillis"),
                is_streamed.then(|| "900000".to_owned()),
                "{}",
                function.name
            );
        }
        let timeout = function.properties.get("Timeout").map(template::plain);
        assert_eq!(timeout, is_streamed.then(|| "900".to_owned()), "{}", function.name);
    }
    for endpoint in streamed_endpoints() {
        assert_eq!((endpoint.scope, endpoint.name.ends_with("-export")), (Scope::Export, true));
    }
}
