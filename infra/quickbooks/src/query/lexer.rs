//! Splits a query into tokens.

use std::fmt;

/// A token and the position of its first byte, counted from 0.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) at: usize,
}

/// The kinds of token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// A keyword, a name (with dots), a number or a truth value.
    Word(String),
    /// A text in single quotes, without the quotes and escapes.
    Text(String),
    /// `*`, `(`, `)`, `,` or an operator.
    Symbol(&'static str),
    /// The end of the query.
    End,
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Symbol(symbol) => f.write_str(symbol),
            Self::End => f.write_str("<EOF>"),
        }
    }
}

/// Longest symbols first, so that `<=` is not read as `<`.
const SYMBOLS: [&str; 9] = ["<=", ">=", "=", "<", ">", "*", "(", ")", ","];

/// Returns the tokens of a query, the last of which is [`TokenKind::End`].
///
/// # Errors
///
/// Returns the text of the parser error for a quote that is not closed or a character that no token starts
/// with.
pub(super) fn tokens(query: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = query;
    loop {
        rest = rest.trim_start();
        let at = query.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            tokens.push(Token { kind: TokenKind::End, at });
            return Ok(tokens);
        };
        let kind = if let Some(text) = rest.strip_prefix('\'') {
            let (text, end) = quoted(text).ok_or_else(|| lexical_error("<EOF>", column(query, at)))?;
            rest = &rest[1 + end..];
            TokenKind::Text(text)
        } else if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            rest = &rest[symbol.len()..];
            TokenKind::Symbol(symbol)
        } else {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            if end == 0 {
                return Err(lexical_error(&first.to_string(), column(query, at)));
            }
            let word = rest[..end].to_owned();
            rest = &rest[end..];
            TokenKind::Word(word)
        };
        tokens.push(Token { kind, at });
    }
}

/// Returns the number of the character at a byte, counted from 1. Only errors print it: to count the
/// characters for each token would take quadratic time.
pub(super) fn column(query: &str, at: usize) -> usize {
    query[..at].chars().count() + 1
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '+' | ':')
}

fn lexical_error(found: &str, column: usize) -> String {
    format!("Lexical error at line 1, column {column}.  Encountered: {found}")
}

/// Returns the text up to the closing quote, and the length with that quote.
fn quoted(source: &str) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut chars = source.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => return Some((text, at + 1)),
            '\\' => match chars.next()?.1 {
                escaped @ ('\'' | '\\') => text.push(escaped),
                other => text.extend(['\\', other]),
            },
            c => text.push(c),
        }
    }
    None
}
