//! Checks the documents against the repository: every path that they name exists.

use std::collections::BTreeSet;

use super::repository::{binary_files, files, read};
use super::template;

/// ARCHITECTURE.md must stay below this number of lines, so that it can be read in one sitting.
const MAX_LINES: usize = 150;

/// Endings of the file names that a document can mention.
const ENDINGS: [&str; 11] =
    [".rs", ".toml", ".yaml", ".yml", ".md", ".txt", ".csv", ".json", ".sh", ".pem", ".lock"];

/// The file of an export that names the last manifest. No file of the repository has this name.
const LATEST: &str = "latest.json";

#[test]
fn architecture_stays_below_its_line_limit() {
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines < MAX_LINES, "ARCHITECTURE.md has {lines} lines; keep it below {MAX_LINES}");
}

#[test]
fn every_path_in_the_documents_exists() {
    let pictures = binary_files().into_iter().map(|(path, _)| path);
    let files: Vec<String> = files().into_iter().map(|file| file.path).chain(pictures).collect();
    let mut faults = Vec::new();
    for document in documents() {
        for (at, line) in read(&document).lines().enumerate() {
            for path in paths(line, &files) {
                if !alternatives(&path).iter().all(|path| exists(path, &files)) {
                    faults.push(format!("{document}:{}: {path}", at + 1));
                }
            }
        }
    }
    assert!(faults.is_empty(), "the documents name paths that do not exist:\n{}", faults.join("\n"));
}

#[test]
fn costs_are_those_of_the_ledger() {
    let ledger = read("tests/golden/ledger.txt");
    let document = read("docs/limits-and-costs.md");
    let rows: Vec<&str> =
        document.lines().filter(|line| line.starts_with("| `") && line.contains('$')).collect();
    assert!(rows.len() > 10, "docs/limits-and-costs.md has no table of costs");
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let label = cells[0].trim_matches('`');
        let line = ledger.lines().find_map(|line| line.strip_prefix(label)?.strip_prefix("  "));
        let line = line.unwrap_or_else(|| panic!("the ledger does not have `{label}`"));
        let (reads, writes) = units(line);
        assert_eq!((cells[1], cells[2]), (reads.as_str(), writes.as_str()), "{label}");
        let millionths = reads.parse::<f64>().unwrap() * 0.125 + writes.parse::<f64>().unwrap() * 0.625;
        assert_eq!(cells[3], format!("${:.2}", (millionths * 100.0).round() / 100.0), "{label}");
    }
}

/// Returns the read and write units of a line of the ledger, without their budgets.
fn units(line: &str) -> (String, String) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_budget = |at: usize| words[at] == "/" || at > 0 && words[at - 1] == "/";
    let mut units = (0..words.len()).rev().filter(|at| !is_budget(*at)).map(|at| words[at].to_owned());
    let (writes, reads) = (units.next().unwrap(), units.next().unwrap());
    (reads, writes)
}

#[test]
fn deploy_command_is_the_same_everywhere_and_asks_nothing() {
    let commands = ["docs/deploy.md", "template.yaml"].map(|path| {
        let text = read(path);
        let line = text.lines().find_map(|line| line.split_once("sam deploy ")).unwrap();
        line.1.to_owned()
    });
    assert_eq!(commands[0], commands[1]);
    let words: Vec<&str> = commands[0].split(' ').collect();
    assert!(!words.contains(&"--guided"), "{words:?}");
    for option in ["--stack-name", "--resolve-s3", "--capabilities"] {
        assert!(words.contains(&option), "{option} is missing, and `sam deploy` does not ask for it");
    }
}

#[test]
fn build_commands_are_the_same_everywhere_and_build_every_function() {
    let [document, template] = ["docs/deploy.md", "template.yaml"].map(|path| {
        let text = read(path);
        let commands = text.lines().filter_map(|line| line.split_once("cargo lambda build "));
        commands.map(|(_, options)| options.to_owned()).collect::<Vec<_>>()
    });
    assert_eq!(document, template);
    let words: Vec<&str> = document.iter().flat_map(|options| options.split(' ')).collect();
    for function in template::functions() {
        let (dialect, _) = function.name.split_once('-').unwrap();
        let package = format!("clientele-functions-{dialect}");
        let is_built = words.iter().any(|word| *word == package || *word == function.name);
        assert!(is_built, "docs/deploy.md and template.yaml do not build {}", function.name);
    }
}

/// The documents for people, by their paths.
fn documents() -> Vec<String> {
    files().into_iter().map(|file| file.path).filter(|path| path.ends_with(".md")).collect()
}

/// Returns the words of a line that are paths in this repository: words that start with one of its folders,
/// and file names with one of the [`ENDINGS`]. URLs and routes start differently.
fn paths(line: &str, files: &[String]) -> Vec<String> {
    let folders: BTreeSet<&str> = files.iter().filter_map(|file| Some(file.split_once('/')?.0)).collect();
    let ends_word = |c: char| c.is_whitespace() || "`\"'()[]|;:,<>=".contains(c);
    // A comma inside braces separates alternatives, not words.
    let mut depth = 0;
    let words = line.split(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        ends_word(c) && !(c == ',' && depth > 0)
    });
    let words = words.map(|word| {
        word.trim_end_matches(['.', '!', '?']).trim_start_matches("../").trim_start_matches("./")
    });
    words
        .filter(|word| {
            let in_folder = word.split_once('/').is_some_and(|(first, _)| folders.contains(first));
            let is_file = ENDINGS.iter().any(|ending| word.len() > ending.len() && word.ends_with(ending));
            // A CSV file without a folder is one that a reader of the document makes.
            let is_file = is_file && (word.contains('/') || !word.ends_with(".csv"));
            let is_file = is_file && *word != LATEST;
            (in_folder || is_file) && !word.starts_with(['/', '*', '$', '~', '-']) && !word.contains("//")
        })
        .map(str::to_owned)
        .collect()
}

/// Expands `a/{b,c}.rs` to `a/b.rs` and `a/c.rs`.
fn alternatives(path: &str) -> Vec<String> {
    let Some((start, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
    let Some((choices, end)) = rest.split_once('}') else { return vec![path.to_owned()] };
    choices.split(',').flat_map(|choice| alternatives(&format!("{start}{choice}{end}"))).collect()
}

/// Returns whether a file has or is below this path, which can start at any folder. `*` matches any name.
fn exists(path: &str, files: &[String]) -> bool {
    let names: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    files.iter().any(|file| {
        let parts: Vec<&str> = file.split('/').collect();
        parts
            .windows(names.len())
            .any(|window| window.iter().zip(&names).all(|(part, name)| matches_name(part, name)))
    })
}

fn matches_name(part: &str, name: &str) -> bool {
    match name.split_once('*') {
        None => part == name,
        Some((start, end)) => {
            part.len() >= start.len() + end.len() && part.starts_with(start) && part.ends_with(end)
        }
    }
}

#[test]
fn paths_are_distinguished_from_other_words() {
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
