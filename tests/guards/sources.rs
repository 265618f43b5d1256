//! Source rules that no compiler checks: where keys are formatted, which crates use DynamoDB, how crates
//! depend on each other, where the environment is read, that every file states its purpose, and what files
//! must not name.

use super::repository::{File, Package, binary_files, files, packages, root};

/// This file is exempt, because it contains the texts that the rules forbid.
const THIS: &str = "tests/guards/sources.rs";

/// Asserts that a rule has found no faults.
#[track_caller]
fn assert_none(faults: &[String], rule: &str) {
    assert!(faults.is_empty(), "{rule}:\n{}", faults.join("\n"));
}

/// Returns the lines for which `is_wrong` is true, with their files and line numbers.
fn lines_where<'a>(
    files: impl IntoIterator<Item = &'a File>,
    is_wrong: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        for (at, line) in file.text.lines().enumerate() {
            if is_wrong(line) {
                faults.push(format!("{}:{}: {}", file.path, at + 1, line.trim()));
            }
        }
    }
    faults
}

/// Returns the product's Rust files without tests. Comment lines are blank, which keeps the line numbers.
fn product() -> Vec<File> {
    let rust =
        files().into_iter().filter(|file| file.path.ends_with(".rs") && !file.path.ends_with("_tests.rs"));
    let product = rust.filter(|file| {
        !["tests/", "sync-agent/tests/"].iter().any(|folder| file.path.starts_with(folder))
            && !file.path.contains("/benches/")
    });
    product
        .map(|file| {
            // Unit tests are at the end of a file.
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
    // Keys combine words in capitals with `#`. No other text in the sources has the two next to each other.
    let is_key = |line: &str| {
        let neighbours = line.as_bytes().windows(2);
        let mut words = neighbours.map(|two| (two[0], two[1]));
        words.any(|(a, b)| (a == b'#' && b.is_ascii_uppercase()) || (a.is_ascii_uppercase() && b == b'#'))
            || line.contains("\"KEYS\"")
            || line.contains("\"TENANTS\"")
            || line.contains("\"REALMS\"")
    };
    let product = product();
    let formats_keys = |file: &&File| file.path.starts_with("shared/src/table/keys/");
    let mut own = product.iter().filter(formats_keys);
    assert!(own.any(|keys| keys.text.lines().any(is_key)), "the guard does not recognise any key");
    let others = product.iter().filter(|file| !formats_keys(file));
    assert_none(&lines_where(others, is_key), "keys are formatted below shared/src/table/keys/ only");
}

#[test]
fn functions_use_the_store_and_not_dynamodb() {
    let files = files();
    let functions = files.iter().filter(|file| file.path.starts_with("functions/"));
    let names_sdk = |line: &str| line.contains("aws_sdk_dynamodb") || line.contains("aws-sdk-dynamodb");
    assert_none(&lines_where(functions, names_sdk), "functions/ must use the store of clientele-shared");
}

#[test]
fn functions_do_not_link_the_provider_chain() {
    let packages = packages();
    let functions = packages.iter().filter(|package| package.folder().starts_with("functions/"));
    let chained = functions.filter(|package| {
        package.dependencies().any(|dependency| dependency == "aws-config")
            || package.features_of("clientele-shared").any(|feature| feature == "environment")
    });
    let names: Vec<String> = chained.map(|package| package.name().to_owned()).collect();
    assert_none(
        &names,
        "Lambda functions must take region and credentials from Lambda's environment variables",
    );
}

#[test]
fn crates_depend_on_each_other_in_one_direction() {
    let packages = packages();
    let is_dialect = |package: &Package| {
        package.folder().starts_with("functions/")
            && !["functions/common", "functions/graphql"].contains(&package.folder().as_str())
    };
    let dialects: Vec<&str> =
        packages.iter().filter(|package| is_dialect(package)).map(Package::name).collect();
    let ours: Vec<&str> = packages.iter().map(Package::name).collect();
    let mut faults = Vec::new();
    for package in &packages {
        let allowed = |dependency: &str| match package.folder().as_str() {
            "shared" => false,
            "functions/common" => dependency == "clientele-shared",
            // The stand-in is for its tests and benches.
            "sync-agent" => ["clientele-shared", "clientele-infra-quickbooks"].contains(&dependency),
            "infra" | "tests" => true,
            "functions/graphql" => ["clientele-shared", "clientele-functions-common"].contains(&dependency),
            _ => ["clientele-shared", "clientele-functions-common", "clientele-functions-graphql"]
                .contains(&dependency),
        };
        let wrong =
            package.dependencies().filter(|dependency| ours.contains(dependency) && !allowed(dependency));
        faults.extend(wrong.map(|dependency| format!("{} depends on {dependency}", package.name())));
        let for_tests = package.folder() == "sync-agent" && package.links("clientele-infra-quickbooks");
        if for_tests {
            faults.push("clientele-sync-agent links the stand-in outside of its tests".to_owned());
        }
    }
    assert!(!dialects.is_empty(), "the guard does not find any dialect");
    assert_none(
        &faults,
        "the order is shared <- functions/common <- functions/graphql <- dialects <- infra and shared <- sync-agent <- \
         infra, and no dialect depends on another",
    );
}

#[test]
fn shared_names_no_dialect() {
    // Comments count too: a new dialect must not need a change of `shared`.
    let dialects = ["trades", "pool", "funnels", "erp"];
    let names_dialect = |line: &str| {
        let mut words = line.split(|c: char| !c.is_ascii_alphabetic()).map(str::to_ascii_lowercase);
        words.any(|word| dialects.contains(&word.as_str()))
    };
    assert!(names_dialect("settings.pool_extensions") && names_dialect("// Erp's own"));
    let files = files();
    let shared = files.iter().filter(|file| file.path.starts_with("shared/src/"));
    assert_none(&lines_where(shared, names_dialect), "shared must not know any dialect");
}

#[test]
fn shared_does_not_depend_on_http() {
    let packages = packages();
    let shared = packages.iter().find(|package| package.folder() == "shared").unwrap();
    let http = ["http", "lambda_http", "lambda_runtime", "axum"];
    let wrong = shared.dependencies().filter(|dependency| http.contains(dependency));
    assert_none(
        &wrong.map(str::to_owned).collect::<Vec<_>>(),
        "shared must not depend on HTTP or Lambda crates",
    );
}

#[test]
fn environment_is_read_only_where_programs_start() {
    // Variables set by Lambda, and variables set by the user of a command. Clap reads options with `env`.
    let allowed =
        |path: &str| ["functions/common/src/config.rs", "shared/src/table/environment.rs"].contains(&path);
    let product = product();
    let others = product.iter().filter(|file| !allowed(&file.path));
    let reads = |line: &str| ["env::var", "env::vars", "var_os("].iter().any(|call| line.contains(call));
    assert_none(
        &lines_where(others, reads),
        "configuration must be passed in, not read from the environment",
    );
}

#[test]
fn every_file_opens_with_its_purpose() {
    let mut faults = Vec::new();
    for file in files() {
        let script = file.text.starts_with("#!");
        let prefix = match file.path.rsplit_once('.').map(|(_, end)| end) {
            Some("rs") => "//! ",
            Some("ts") => "// ",
            Some("toml" | "yaml" | "yml" | "sh") => "# ",
            _ if script => "# ",
            _ => continue,
        };
        let line = file.text.lines().nth(usize::from(script)).unwrap_or_default();
        // One word does not state a purpose.
        let has_purpose = line.strip_prefix(prefix).is_some_and(|purpose| purpose.trim().len() >= 10);
        if !has_purpose {
            faults.push(format!("{}: {line}", file.path));
        }
    }
    assert_none(
        &faults,
        "the first line (the second in a script) must be a comment that states the purpose of the file",
    );
}

#[test]
fn only_small_pictures_of_the_documentation_are_binary() {
    const MAX_PICTURE: usize = 150_000;
    let is_picture = |path: &str, size: usize| {
        let name = path.strip_prefix("docs/").unwrap_or_default();
        name.ends_with(".png") && !name.contains('/') && size < MAX_PICTURE
    };
    let binary = binary_files().into_iter().filter(|(path, size)| !is_picture(path, *size));
    let faults: Vec<String> = binary.map(|(path, size)| format!("{path}: {size} bytes")).collect();
    assert_none(&faults, "only PNG files below docs/ of less than 150 KB are not text");
    let pictures = files().into_iter().filter(|file| file.path.ends_with(".md"));
    let shown: String = pictures.map(|file| file.text).collect();
    for (path, _) in binary_files() {
        let name = path.trim_start_matches("docs/");
        assert!(shown.contains(&format!("{name})")), "{path} is not shown by any page");
    }
}

#[test]
fn no_file_names_a_package_registry() {
    // Host names and settings that direct cargo, pip, npm and Maven to a registry.
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
    // The line that cargo writes for its default registry, wherever it fetched the packages.
    let default_source = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    faults.extend(lines_where(locks, |line| line.starts_with("source = ") && line != default_source));
    let packages = files.iter().filter(|file| file.path.ends_with("package-lock.json"));
    faults.extend(lines_where(packages, |line| line.contains("\"resolved\":")));
    assert_none(&faults, "files must not name a package registry");
}

#[test]
fn no_file_contains_a_path_of_one_machine() {
    let here = root().canonicalize().unwrap().to_string_lossy().into_owned();
    let homes = ["/home/", "/root/", "/Users/", "\\Users\\", here.as_str()];
    let files = files();
    let others = files.iter().filter(|file| file.path != THIS);
    assert_none(
        &lines_where(others, |line| homes.iter().any(|home| line.contains(home))),
        "files must not contain paths of one machine",
    );
}
