//! Rules for the sources that no compiler checks: where keys are formatted, who may know DynamoDB, who depends on
//! whom, where the environment is read, that every file says what it is for, and what no file may name.

use super::repository::{File, Package, files, packages, root};

/// This file spells what the others may not.
const THIS: &str = "tests/guards/sources.rs";

/// What a rule finds wrong, with the file and the line.
#[track_caller]
fn none(faults: &[String], rule: &str) {
    assert!(faults.is_empty(), "{rule}:\n{}", faults.join("\n"));
}

/// The lines of files for which `wrong` holds.
fn lines_where<'a>(files: impl IntoIterator<Item = &'a File>, wrong: impl Fn(&str) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        for (at, line) in file.text.lines().enumerate() {
            if wrong(line) {
                faults.push(format!("{}:{}: {}", file.path, at + 1, line.trim()));
            }
        }
    }
    faults
}

/// The Rust files of the product, without their tests and comments, line for line.
fn product() -> Vec<File> {
    let rust =
        files().into_iter().filter(|file| file.path.ends_with(".rs") && !file.path.ends_with("_tests.rs"));
    let product = rust.filter(|file| {
        !["tests/", "sync-agent/tests/"].iter().any(|folder| file.path.starts_with(folder))
            && !file.path.contains("/benches/")
    });
    product
        .map(|file| {
            // The unit tests are the end of a file.
            let code = file.text.split("\n#[cfg(test)]\n").next().unwrap_or_default();
            let line = |line: &str| {
                if line.trim_start().starts_with("//") { String::new() } else { line.to_owned() }
            };
            File { text: code.lines().map(line).collect::<Vec<_>>().join("\n"), path: file.path }
        })
        .collect()
}

#[test]
fn keys_are_formatted_in_one_place() {
    // A key is made of capital words and `#`; no other text of the sources puts the two side by side.
    let is_key = |line: &str| {
        let neighbours = line.as_bytes().windows(2);
        let mut words = neighbours.map(|two| (two[0], two[1]));
        words.any(|(a, b)| (a == b'#' && b.is_ascii_uppercase()) || (a.is_ascii_uppercase() && b == b'#'))
            || line.contains("\"KEYS\"")
            || line.contains("\"TENANTS\"")
    };
    let product = product();
    let keys = product.iter().find(|file| file.path == "shared/src/table/keys.rs");
    assert!(keys.is_some_and(|keys| keys.text.lines().any(is_key)), "the guard no longer knows a key");
    let others = product.iter().filter(|file| file.path != "shared/src/table/keys.rs");
    none(&lines_where(others, is_key), "keys are formatted in shared/src/table/keys.rs only");
}

#[test]
fn functions_know_the_store_and_not_dynamodb() {
    let files = files();
    let functions = files.iter().filter(|file| file.path.starts_with("functions/"));
    let names_it = |line: &str| line.contains("aws_sdk_dynamodb") || line.contains("aws-sdk-dynamodb");
    none(&lines_where(functions, names_it), "functions/ asks the store of clientele-shared");
}

#[test]
fn functions_link_no_provider_chain() {
    let packages = packages();
    let functions = packages.iter().filter(|package| package.folder().starts_with("functions/"));
    let chained = functions.filter(|package| {
        package.dependencies().any(|dependency| dependency == "aws-config")
            || package.features_of("clientele-shared").any(|feature| feature == "environment")
    });
    let names: Vec<String> = chained.map(|package| package.name().to_owned()).collect();
    none(&names, "a Lambda has its region and credentials from Lambda's own variables");
}

#[test]
fn crates_depend_on_each_other_in_one_direction() {
    let packages = packages();
    let is_dialect = |package: &Package| {
        package.folder().starts_with("functions/") && package.folder() != "functions/common"
    };
    let dialects: Vec<&str> =
        packages.iter().filter(|package| is_dialect(package)).map(Package::name).collect();
    let ours: Vec<&str> = packages.iter().map(Package::name).collect();
    let mut faults = Vec::new();
    for package in &packages {
        let allowed = |dependency: &str| match package.folder().as_str() {
            "shared" => false,
            "functions/common" | "sync-agent" => dependency == "clientele-shared",
            "infra" | "tests" => true,
            _ => ["clientele-shared", "clientele-functions-common"].contains(&dependency),
        };
        let wrong =
            package.dependencies().filter(|dependency| ours.contains(dependency) && !allowed(dependency));
        faults.extend(wrong.map(|dependency| format!("{} depends on {dependency}", package.name())));
    }
    assert!(!dialects.is_empty(), "the guard no longer knows a dialect");
    none(&faults, "shared <- functions/common <- dialects <- infra, and no dialect on another");
}

#[test]
fn shared_knows_no_http() {
    let packages = packages();
    let shared = packages.iter().find(|package| package.folder() == "shared").unwrap();
    let http = ["http", "lambda_http", "lambda_runtime", "axum"];
    let wrong = shared.dependencies().filter(|dependency| http.contains(dependency));
    none(&wrong.map(str::to_owned).collect::<Vec<_>>(), "shared knows no HTTP and no Lambda");
}

#[test]
fn the_environment_is_read_where_a_program_begins() {
    // What Lambda sets, and what a person sets who runs a command. Options with `env` are clap's to read.
    let allowed =
        |path: &str| ["functions/common/src/config.rs", "shared/src/table/environment.rs"].contains(&path);
    let product = product();
    let others = product.iter().filter(|file| !allowed(&file.path));
    let reads = |line: &str| ["env::var", "env::vars", "var_os("].iter().any(|call| line.contains(call));
    none(&lines_where(others, reads), "configuration is handed in, not read from the environment");
}

#[test]
fn every_file_says_what_it_is_for() {
    let mut faults = Vec::new();
    for file in files() {
        let script = file.text.starts_with("#!");
        let mark = match file.path.rsplit_once('.').map(|(_, end)| end) {
            Some("rs") => "//! ",
            Some("ts") => "// ",
            Some("toml" | "yaml" | "yml" | "sh") => "# ",
            _ if script => "# ",
            _ => continue,
        };
        let line = file.text.lines().nth(usize::from(script)).unwrap_or_default();
        // A purpose takes more than a word.
        let says = line.strip_prefix(mark).is_some_and(|purpose| purpose.trim().len() >= 10);
        if !says {
            faults.push(format!("{}: {line}", file.path));
        }
    }
    none(&faults, "the first line (in a script the second) says in a comment what the file is for");
}

#[test]
fn no_file_names_where_packages_come_from() {
    // Words of hosts, and settings, by which cargo, pip, npm and Maven are sent to some registry.
    let words = [
        "artifactory",
        "nexus",
        "jfrog",
        "pypi.",
        "npmjs.",
        "crates.io",
        "repo.maven",
        "repo1.maven",
        "registry.",
        "index-url",
        "replace-with",
        "[registries",
        "[source.",
        "sparse+",
    ];
    let files = files();
    let others = files.iter().filter(|file| file.path != THIS && !file.path.ends_with("Cargo.lock"));
    let mut faults = lines_where(others, |line| words.iter().any(|word| line.contains(word)));
    let locks = files.iter().filter(|file| file.path.ends_with("Cargo.lock"));
    // What cargo writes for its own registry, wherever the packages were fetched from.
    let usual = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    faults.extend(lines_where(locks, |line| line.starts_with("source = ") && line != usual));
    let packages = files.iter().filter(|file| file.path.ends_with("package-lock.json"));
    faults.extend(lines_where(packages, |line| line.contains("\"resolved\":")));
    none(&faults, "no file names a package registry");
}

#[test]
fn no_file_names_a_folder_of_somebodys_machine() {
    let here = root().canonicalize().unwrap().to_string_lossy().into_owned();
    let homes = ["/home/", "/root/", "/Users/", "\\Users\\", here.as_str()];
    let files = files();
    let others = files.iter().filter(|file| file.path != THIS);
    none(&lines_where(others, |line| homes.iter().any(|home| line.contains(home))), "no path of one machine");
}
