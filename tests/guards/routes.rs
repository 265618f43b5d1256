//! Checks that the tests send a request to every route of the template. Untested routes are listed in
//! `tests/golden/untested-routes.txt`, which is empty.

use clientele_infra::local::routes::{Route, Routes, TEMPLATE};

use super::repository::{File, files};
use crate::support::golden;

#[test]
fn every_route_is_tested() {
    let files = files();
    let mut untested = String::new();
    for route in Routes::read(TEMPLATE).unwrap().all() {
        let (dialect, operation) = route.function.split_once('-').unwrap();
        let path = format!("tests/{dialect}/{}.rs", operation.replace('-', "_"));
        if !files.iter().any(|file| file.path == path && requests(file, &route)) {
            untested.push_str(&format!("{} {} ({})\n", route.method, route.path, route.function));
        }
    }
    let difference = golden::difference("untested-routes.txt", &untested);
    assert!(difference.is_none(), "{}", difference.unwrap_or_default());
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
