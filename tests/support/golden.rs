//! Golden files: texts under `tests/golden/` that somebody has read and agreed to.
//!
//! A test compares what it finds with its file. With `UPDATE_GOLDEN=1` it writes the file instead, for the diff
//! to be read and committed.

use std::path::PathBuf;

/// How `actual` differs from the golden file, in words for whoever must decide; `None` when it does not, or
/// when the file was just written.
pub(crate) fn difference(name: &str, actual: &str) -> Option<String> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/golden")).join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| !value.is_empty() && value != "0") {
        std::fs::write(&path, actual).unwrap_or_else(|e| panic!("cannot write {}: {e}", path.display()));
        return None;
    }
    // A missing file is an empty one: every line is new.
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    if golden == actual {
        return None;
    }
    let lost = golden.lines().filter(|line| !actual.lines().any(|other| other == *line));
    let new = actual.lines().filter(|line| !golden.lines().any(|other| other == *line));
    let mut lines: Vec<String> = lost.map(|line| format!("- {line}")).collect();
    lines.extend(new.map(|line| format!("+ {line}")));
    if lines.is_empty() {
        lines.push("the same lines, in another order or number".to_owned());
    }
    Some(format!(
        "tests/golden/{name} is no longer true:\n{}\nIf the change is wanted, run the test again with \
         UPDATE_GOLDEN=1 and commit the file.",
        lines.join("\n")
    ))
}
