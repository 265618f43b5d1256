//! The nesting of a document's brackets, found without parsing it: the parser recurses and would exhaust the stack.

/// Returns the nesting depth of the brackets outside strings and comments.
pub(crate) fn nesting_depth(query: &str) -> usize {
    let (mut depth, mut max_depth) = (0_usize, 0);
    let mut rest = query;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '#' => after.split_once(['\n', '\r']).map_or("", |(_, next)| next),
            '"' => match rest.strip_prefix("\"\"\"") {
                Some(block) => after_block_string(block),
                None => after_string(after),
            },
            '{' | '[' | '(' => {
                depth += 1;
                max_depth = max_depth.max(depth);
                after
            }
            '}' | ']' | ')' => {
                depth = depth.saturating_sub(1);
                after
            }
            _ => after,
        };
    }
    max_depth
}

/// Returns the text after a string's closing quotation mark, or after the end of the line if the string is
/// not closed.
fn after_string(text: &str) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' | '\n' | '\r' => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

/// Returns the text after the closing quotation marks of a block string.
fn after_block_string(text: &str) -> &str {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\"\"\"") {
        if !before.ends_with('\\') {
            return after;
        }
        rest = after;
    }
    ""
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn brackets_in_strings_and_comments_are_ignored() {
        let many = "(".repeat(100);
        assert_eq!(nesting_depth(&format!("{{ a(b: \"{many}\\\"{many}\") # {many}\n }}")), 2);
        assert_eq!(nesting_depth(&format!("{{ a(b: \"\"\"{many}\\\"\"\"{many}\"\"\") }}")), 2);
        assert_eq!(nesting_depth("{ a(b: \"(((\n[[1]]) }"), 4);
    }

    proptest! {
        #[test]
        fn nesting_depth_never_panics(query in r#"[\[({})\]"\\#\n é]{0,60}"#) {
            prop_assert!(nesting_depth(&query) <= query.len());
        }
    }
}
