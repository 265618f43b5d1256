//! Text folding: reduces a text to what remains when case, accents and punctuation are ignored.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::text::is_invisible;

/// Returns the folded words of a text: lower case, without accents, split at every character that is neither
/// a letter nor a digit. Apostrophes are dropped, so that `O'Brien` is the single word `obrien`.
///
/// ```
/// # use clientele_shared::rules::fold::words;
/// assert_eq!(words("Łódź, O’Brien & Straße-12"), ["lodz", "obrien", "strasse", "12"]);
/// ```
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    fold(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Returns the words of a name. A part with inner punctuation (`Jean-Luc`, `S.A.`) also yields its words
/// joined (`jeanluc`, `sa`).
#[must_use]
pub fn name_words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split_whitespace() {
        let words = words(part);
        if words.len() > 1 {
            found.push(words.concat());
        }
        found.extend(words);
    }
    found
}

/// Returns the decimal digits of a text, dropping everything between them.
#[must_use]
pub fn digits(text: &str) -> String {
    text.nfkd().filter(char::is_ascii_digit).collect()
}

/// A text in lower case without accents and apostrophes, as texts are ordered.
#[must_use]
pub fn text(text: &str) -> String {
    fold(text)
}

fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    if text.is_ascii() {
        folded.extend(text.chars().filter(|&c| !is_apostrophe(c)).map(|c| c.to_ascii_lowercase()));
        return folded;
    }
    // Lower-casing can add accents (`İ`), so it comes before decomposition. Decomposition can produce
    // capitals (`™` becomes `TM`), so lower-casing is repeated after it. Apostrophes are also removed both
    // before decomposition, which turns `´` into a space, and after it, because it turns `＇` into an
    // apostrophe.
    let lower = text.to_lowercase();
    for c in lower.chars().filter(|&c| !is_apostrophe(c)).nfkd().flat_map(char::to_lowercase) {
        match c {
            c if is_apostrophe(c) || is_combining_mark(c) => {}
            // Fold final sigma: a typed prefix can end in `ς` where the full name has `σ`.
            'ς' => folded.push('σ'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            c => folded.push(c),
        }
    }
    folded
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '`' | '´')
}

/// Returns an email in the form used for comparison: lower case, composed (NFC), without surrounding white space and
/// invisible characters.
#[must_use]
pub fn email(text: &str) -> String {
    let visible = text.trim().chars().filter(|&c| !is_invisible(c));
    // Lower-casing can leave a text that is not composed, such as that of `İ`.
    visible.flat_map(char::to_lowercase).nfc().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_ignore_accents_case_and_punctuation() {
        assert_eq!(words("São José dos Campos"), ["sao", "jose", "dos", "campos"]);
        assert_eq!(words("František Wichterlová"), ["frantisek", "wichterlova"]);
        assert_eq!(words("BJØRN"), ["bjorn"]);
        assert_eq!(words("İstanbul"), ["istanbul"]);
        assert_eq!(words("luisg@embraer.com.br"), ["luisg", "embraer", "com", "br"]);
        assert!(words(" -- !").is_empty());
    }

    #[test]
    fn name_words_include_joined_parts() {
        assert_eq!(
            name_words("Jean-Luc Embraer S.A."),
            ["jeanluc", "jean", "luc", "embraer", "sa", "s", "a"]
        );
    }

    #[test]
    fn digits_of_a_phone_number_are_extracted() {
        assert_eq!(digits("+55 (12) 3923-5555"), "551239235555");
        assert_eq!(digits("no phone"), "");
    }

    #[test]
    fn emails_that_look_the_same_are_equal() {
        let expected = "ren\u{e9}@example.com";
        for same in ["RENÉ@example.com", "rene\u{301}@Example.com", " ren\u{e9}\u{200b}@example.com\u{feff} "]
        {
            assert_eq!(email(same), expected, "{same:?}");
        }
        assert_ne!(email("rene@example.com"), expected);
    }

    proptest! {
        #[test]
        fn folding_an_email_is_idempotent(text in "\\PC{0,40}") {
            prop_assert_eq!(email(&email(&text)), email(&text));
        }

        #[test]
        fn folding_is_idempotent(text in "\\PC{0,40}") {
            for word in words(&text) {
                prop_assert_eq!(words(&word), vec![word.clone()]);
            }
        }

        #[test]
        fn case_is_ignored_in_latin_text(text in "[a-zA-ZàéîõüÀÉÎÕÜß ]{0,40}") {
            prop_assert_eq!(words(&text.to_uppercase()), words(&text.to_lowercase()));
        }
    }
}
