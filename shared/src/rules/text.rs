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
        "" => Err("must not be blank".into()),
        name if name.contains(TAG_SEPARATOR) => {
            Err(format!("must not contain `{TAG_SEPARATOR}`, which separates tags in CSV"))
        }
        name => line(name),
    }
}

/// Accepts a text of any number of lines and at most [`MAX_TEXT`] characters, unchanged.
///
/// # Errors
/// Returns a message if the text is too long.
pub fn long_text(text: &str) -> Result<String, String> {
    within(text, MAX_TEXT)
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
