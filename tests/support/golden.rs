//! Golden files: reviewed texts under `tests/golden/`.
//!
//! A test compares its output with its golden file. With `UPDATE_GOLDEN=1` it writes the file instead, so
//! that the diff can be reviewed and committed.

use std::path::PathBuf;

/// Describes how `actual` differs from the golden file. Returns `None` if it does not differ, or if the file
/// was just written.
pub(crate) fn difference(name: &str, actual: &str) -> Option<String> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/golden")).join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| !value.is_empty() && value != "0") {
        std::fs::write(&path, actual).unwrap_or_else(|e| panic!("cannot write {}: {e}", path.display()));
        return None;
    }
    // A missing file counts as empty: every line is new.
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    if golden == actual {
        return None;
    }
    let removed = golden.lines().filter(|line| !actual.lines().any(|other| other == *line));
    let added = actual.lines().filter(|line| !golden.lines().any(|other| other == *line));
    let mut lines: Vec<String> = removed.map(|line| format!("- {line}")).collect();
    lines.extend(added.map(|line| format!("+ {line}")));
    if lines.is_empty() {
        lines.push("the lines are the same, but their order or number differs".to_owned());
    }
    Some(format!(
        "tests/golden/{name} is out of date:\n{}\nIf the change is intended, run the test again with \
         UPDATE_GOLDEN=1 and commit the file.",
        lines.join("\n")
    ))
}
