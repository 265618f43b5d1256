//! Validation of texts that clients send: single line or long, maximum length, email address.

use crate::csv::customer_row::TAG_SEPARATOR;

/// Maximum length of a single-line text, in characters.
pub const MAX_LINE: usize = 255;

/// Maximum length of notes, in characters.
pub const MAX_TEXT: usize = 20_000;

/// A rule for a text that is not empty. Returns the text to store, or what is wrong with it, without the
/// field's name.
pub type Rule = fn(&str) -> Result<String, String>;

/// Accepts a single line of at most [`MAX_LINE`] characters, unchanged.
///
/// # Errors
/// Returns a message if the text contains a control character or is too long.
pub fn line(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("must be one line without control characters".into());
    }
    within(text, MAX_LINE)
}

/// Accepts a tag name, without surrounding white space: a single line that does not contain the delimiter
/// between tags in CSV.
///
/// # Errors
/// Returns a message if the name is blank, contains the delimiter, or is not a valid single line.
pub fn tag_name(text: &str) -> Result<String, String> {
    match text.trim() {
        name if is_blank(name) => Err("must not be blank".into()),
        name if name.contains(TAG_SEPARATOR) => {
            Err(format!("must not contain `{TAG_SEPARATOR}`, which separates tags in CSV"))
        }
        name => line(name),
    }
}

/// Accepts a text of any number of lines and at most [`MAX_TEXT`] characters, unchanged.
///
/// # Errors
/// Returns a message if the text contains a control character other than line breaks and tabs, or is too long.
pub fn long_text(text: &str) -> Result<String, String> {
    lines(text)?;
    within(text, MAX_TEXT)
}

/// Checks that a text of several lines contains no control characters other than line breaks and tabs.
///
/// # Errors
/// Returns a message if it does.
pub fn lines(text: &str) -> Result<(), String> {
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err("must not contain control characters other than line breaks and tabs".into());
    }
    Ok(())
}

/// Returns whether a text shows nothing: it has only white space and invisible characters.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

/// Returns whether a character is drawn as nothing: Unicode's default-ignorable code points and the blank of Braille.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns a text with its control characters escaped, so that it cannot move the cursor of a terminal.
#[must_use]
pub fn escaped(text: &str) -> String {
    let escape = |c: char| {
        if c.is_control() || is_invisible(c) { c.escape_unicode().to_string() } else { c.to_string() }
    };
    text.chars().map(escape).collect()
}

/// Accepts a text of at most `max_chars` characters, unchanged.
///
/// # Errors
/// Returns a message if the text is longer.
pub fn within(text: &str, max_chars: usize) -> Result<String, String> {
    if text.chars().count() > max_chars {
        return Err(format!("must be at most {max_chars} characters"));
    }
    Ok(text.to_owned())
}

/// Accepts an email address, unchanged.
///
/// # Errors
/// Returns a message if the text is not `name@domain`, or not a valid single line.
pub fn email(text: &str) -> Result<String, String> {
    let parts = text.split_once('@').filter(|(name, domain)| {
        !name.is_empty() && !domain.is_empty() && !domain.contains('@') && !text.contains(char::is_whitespace)
    });
    parts.ok_or("must be an email address, such as john@example.com")?;
    line(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_invisible_characters_are_blank() {
        for blank in ["", " \t", "\u{200b}\u{feff}", "\u{2060} \u{ad}", "\u{3164}", "\u{e0041}"] {
            assert!(is_blank(blank), "{blank:?}");
        }
        for shown in ["a", "\u{200b}a", "é", "👩\u{200d}🔧"] {
            assert!(!is_blank(shown), "{shown:?}");
        }
    }

    #[test]
    fn long_texts_have_lines_and_tabs_but_no_other_control_characters() {
        assert!(long_text("a\r\n\tb").is_ok());
        for wrong in ["\u{0}", "a\u{1b}[2Jb", "\u{85}", "\u{7f}"] {
            assert!(long_text(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn control_characters_are_escaped_for_terminals() {
        assert_eq!(escaped("a\u{1b}[2J é\u{202e}"), "a\\u{1b}[2J é\\u{202e}");
    }
}
