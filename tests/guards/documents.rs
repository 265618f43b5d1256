//! What README.md and ARCHITECTURE.md say of the tree must be so.

use std::collections::BTreeSet;

use super::repository::{files, read};

/// The most lines of ARCHITECTURE.md: what one sitting takes.
const MAX_LINES: usize = 150;

/// How the names of files end that a document may speak of.
const ENDS: [&str; 11] =
    [".rs", ".toml", ".yaml", ".yml", ".md", ".txt", ".csv", ".json", ".sh", ".pem", ".lock"];

#[test]
fn the_architecture_is_read_in_one_sitting() {
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines < MAX_LINES, "ARCHITECTURE.md has {lines} lines, {MAX_LINES} are too many");
}

#[test]
fn every_path_that_the_documents_name_exists() {
    let files: Vec<String> = files().into_iter().map(|file| file.path).collect();
    let mut faults = Vec::new();
    for document in ["ARCHITECTURE.md", "README.md"] {
        for (at, line) in read(document).lines().enumerate() {
            for path in paths(line, &files) {
                if !alternatives(&path).iter().all(|path| exists(path, &files)) {
                    faults.push(format!("{document}:{}: {path}", at + 1));
                }
            }
        }
    }
    assert!(faults.is_empty(), "the documents name what is not there:\n{}", faults.join("\n"));
}

/// The words of a line that are paths in this repository: those that begin with one of its folders, and names
/// that end as its files do. Addresses and routes begin otherwise.
fn paths(line: &str, files: &[String]) -> Vec<String> {
    let folders: BTreeSet<&str> = files.iter().filter_map(|file| Some(file.split_once('/')?.0)).collect();
    let ends_word = |c: char| c.is_whitespace() || "`\"'()[]|;:,<>=".contains(c);
    // A comma inside braces parts alternatives, not words.
    let mut depth = 0;
    let words = line.split(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        ends_word(c) && !(c == ',' && depth > 0)
    });
    let words = words.map(|word| word.trim_end_matches(['.', '!', '?']).trim_start_matches("./"));
    words
        .filter(|word| {
            let in_folder = word.split_once('/').is_some_and(|(first, _)| folders.contains(first));
            let is_file = ENDS.iter().any(|end| word.len() > end.len() && word.ends_with(end));
            (in_folder || is_file) && !word.starts_with(['/', '*', '$', '~', '-']) && !word.contains("//")
        })
        .map(str::to_owned)
        .collect()
}

/// `a/{b,c}.rs` is `a/b.rs` and `a/c.rs`.
fn alternatives(path: &str) -> Vec<String> {
    let Some((start, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
    let Some((choices, end)) = rest.split_once('}') else { return vec![path.to_owned()] };
    choices.split(',').flat_map(|choice| alternatives(&format!("{start}{choice}{end}"))).collect()
}

/// Whether some file is or lies under that path, given from the root or from some folder on; `*` is any name.
fn exists(path: &str, files: &[String]) -> bool {
    let wanted: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    files.iter().any(|file| {
        let parts: Vec<&str> = file.split('/').collect();
        parts
            .windows(wanted.len())
            .any(|some| some.iter().zip(&wanted).all(|(part, name)| is_named(part, name)))
    })
}

fn is_named(part: &str, name: &str) -> bool {
    match name.split_once('*') {
        None => part == name,
        Some((start, end)) => {
            part.len() >= start.len() + end.len() && part.starts_with(start) && part.ends_with(end)
        }
    }
}

#[test]
fn paths_are_told_from_other_words() {
    let files = ["shared/src/table/keys.rs", "tests/main.rs", "template.yaml", "shared/Cargo.toml"]
        .map(str::to_owned);
    let line =
        "See [keys](shared/src/table/keys.rs), `table/none.rs`, /api/v1/customers, and/or shared/*/keys.rs.";
    assert_eq!(paths(line, &files), ["shared/src/table/keys.rs", "table/none.rs", "shared/*/keys.rs"]);
    assert_eq!(alternatives("shared/{src,Cargo.toml}"), ["shared/src", "shared/Cargo.toml"]);
    for (path, expected) in [
        ("shared/src/table/keys.rs", true),
        ("table/keys.rs", true),
        ("shared/src/", true),
        ("shared/*", true),
        ("shared/none", false),
        ("keys.r", false),
    ] {
        assert_eq!(exists(path, &files), expected, "{path}");
    }
}
