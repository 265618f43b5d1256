//! A cell of tag names: names separated by `;`. A name that contains `;` or `"`, or that has white space at its start or end,
//! is in double quotes, and a quotation mark in it is doubled.

use clientele_shared::csv::customer_row::TAG_SEPARATOR;
use clientele_shared::rules::text::{is_blank, line, tag_name};

/// Reads the tag names of a cell, each once.
pub(super) fn tags(text: &str) -> Result<Vec<String>, String> {
    let mut tags: Vec<String> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = match quoted(rest) {
            Some((name, after)) => (checked(&name)?, after),
            None => {
                let (name, after) = rest.split_once(TAG_SEPARATOR).unwrap_or((rest, ""));
                (if name.trim().is_empty() { None } else { Some(tag_name(name)?) }, after)
            }
        };
        rest = after;
        tags.extend(name.filter(|name| !tags.contains(name)));
    }
    Ok(tags)
}

/// Returns the quoted name at the start of a text, and the text after its separator. A text that starts with a quotation mark
/// but is not a quoted name is a plain name.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.trim_start().strip_prefix('"')?;
    let mut name = String::new();
    loop {
        let (before, after) = rest.split_once('"')?;
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None => {
                let after = after.trim_start();
                return match after.strip_prefix(TAG_SEPARATOR) {
                    Some(after) => Some((name, after)),
                    None => after.is_empty().then_some((name, "")),
                };
            }
        }
    }
}

fn checked(name: &str) -> Result<Option<String>, String> {
    if is_blank(name) { Ok(None) } else { line(name).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_or_quoted() {
        for (cell, expected) in [
            ("weekly;salt", &["weekly", "salt"][..]),
            (" weekly ; salt ;;weekly", &["weekly", "salt"]),
            ("\"a;b\";c", &["a;b", "c"]),
            ("\" a \" ; b", &[" a ", "b"]),
            ("\"say \"\"hi\"\"\"", &["say \"hi\""]),
            // Plain names with quotation marks stay as they are.
            ("12\" pipe;\"VIP\" client", &["12\" pipe", "\"VIP\" client"]),
            ("\"open;b", &["\"open", "b"]),
            ("\"\";a", &["a"]),
        ] {
            assert_eq!(tags(cell).unwrap(), expected, "{cell}");
        }
        assert!(tags("\"two\nlines\"").is_err() && tags("two\nlines").is_err());
    }
}
