//! Checks that `cargo lambda watch` has every route of the template, and that the tests send a request to each. Untested routes are listed in
//! `tests/golden/untested-routes.txt`, which is empty.

use std::collections::BTreeSet;

use clientele_infra::local::routes::{Route, Routes, TEMPLATE};

use super::functions::Name;
use super::repository::{File, files, metadata};
use crate::support::golden;

#[test]
fn every_route_is_tested() {
    let files = files();
    let mut untested = String::new();
    for route in Routes::read(TEMPLATE).unwrap().all() {
        let path = Name::parse(&route.function).test();
        if !files.iter().any(|file| file.path == path && requests(file, &route)) {
            untested.push_str(&format!("{} {} ({})\n", route.method, route.path, route.function));
        }
    }
    let difference = golden::difference("untested-routes.txt", &untested);
    assert!(difference.is_none(), "{}", difference.unwrap_or_default());
}

#[test]
fn cargo_lambda_watch_has_the_routes_of_the_template() {
    let mut watched = BTreeSet::new();
    let metadata = metadata();
    let router = &metadata["metadata"]["lambda"]["watch"]["router"];
    for (path, targets) in router.as_object().expect("Cargo.toml has no routes for cargo lambda watch") {
        for target in targets.as_array().unwrap() {
            let text = |name: &str| target[name].as_str().unwrap().to_owned();
            watched.insert((path.clone(), text("method"), text("function")));
        }
    }
    let routes = Routes::read(TEMPLATE).unwrap();
    let routed: BTreeSet<_> =
        routes.all().map(|Route { function, method, path }| (path, method, function)).collect();
    assert_eq!(routed, watched, "left: template.yaml, right: [workspace.metadata.lambda] of Cargo.toml");
}

/// Returns whether the function's test sends this method and contains a path that ends like the route's.
fn requests(test: &File, route: &Route) -> bool {
    let code: Vec<&str> = test.text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let by_name = format!(".{}(", route.method.to_lowercase());
    let is_sent = code.contains(&by_name) || code.contains(&format!("Method::{}", route.method));
    let last_segment = route.path.rsplit('/').next().unwrap_or_default();
    let is_named = code.split('"').any(|text| {
        let path = text.split('?').next().unwrap_or_default();
        if last_segment.starts_with('{') {
            path.contains("/{")
        } else {
            path.ends_with(&format!("/{last_segment}"))
        }
    });
    is_sent && is_named
}
