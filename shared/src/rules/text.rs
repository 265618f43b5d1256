//! What a text that a client sends must be: one line, or long; not too long; an email address.

use crate::csv::customer_row::TAG_SEPARATOR;

/// The longest text of one line, in characters.
pub const MAX_LINE: usize = 255;

/// The longest notes, in characters.
pub const MAX_TEXT: usize = 20_000;

/// A rule for a text that is not empty: what is stored of it, or what is wrong with it.
pub type Rule = fn(&str) -> Result<String, String>;

/// One line, as it is.
///
/// # Errors
/// What is wrong with it, without the field's name; so in all rules.
pub fn line(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("must be one line without control characters".into());
    }
    within(text, MAX_LINE)
}

/// What a tag is called: one line, without the mark that parts tags in CSV.
///
/// # Errors
/// What is wrong with it.
pub fn tag_name(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("must not be blank".into()),
        name if name.contains(TAG_SEPARATOR) => {
            Err(format!("must not contain `{TAG_SEPARATOR}`, which parts tags in CSV"))
        }
        name => line(name),
    }
}

/// Any number of lines, as they are.
///
/// # Errors
/// When it is too long.
pub fn long_text(text: &str) -> Result<String, String> {
    within(text, MAX_TEXT)
}

/// A text of so many characters at the most.
///
/// # Errors
/// When it is longer.
pub fn within(text: &str, longest: usize) -> Result<String, String> {
    if text.chars().count() > longest {
        return Err(format!("must be at most {longest} characters"));
    }
    Ok(text.to_owned())
}

/// One email address, as it is.
///
/// # Errors
/// When it is not `name@domain`.
pub fn email(text: &str) -> Result<String, String> {
    let parts = text.split_once('@').filter(|(name, domain)| {
        !name.is_empty() && !domain.is_empty() && !domain.contains('@') && !text.contains(char::is_whitespace)
    });
    parts.ok_or("must be an email address, such as john@example.com")?;
    line(text)
}
