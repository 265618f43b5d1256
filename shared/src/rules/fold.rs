//! Folding: what remains of a text when case, accents and punctuation do not matter.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The folded words of a text: lower case, without accents, split wherever something that is neither letter
/// nor digit stands. Apostrophes vanish, so that `O'Brien` is the one word `obrien`.
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

/// The words of a name, and for each part written with inner punctuation (`Jean-Luc`, `S.A.`) also the part
/// written together (`jeanluc`, `sa`).
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

/// The decimal digits of a text, one after another, whatever stands between them.
#[must_use]
pub fn digits(text: &str) -> String {
    text.nfkd().filter(char::is_ascii_digit).collect()
}

fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    if text.is_ascii() {
        folded.extend(text.chars().filter(|&c| !is_apostrophe(c)).map(|c| c.to_ascii_lowercase()));
        return folded;
    }
    // Lower case comes first, for it can add accents (`İ`), and again after decomposition, for that can
    // bring capitals (`™` is `TM`). Likewise apostrophes go first, for decomposition makes a space of `´`, and
    // again after it, for it makes one of `＇`.
    let lower = text.to_lowercase();
    for c in lower.chars().filter(|&c| !is_apostrophe(c)).nfkd().flat_map(char::to_lowercase) {
        match c {
            c if is_apostrophe(c) || is_combining_mark(c) => {}
            // What is typed may end where the name goes on.
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

/// An email as it is compared: without case and surrounding space.
#[must_use]
pub fn email(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accents_case_and_punctuation_do_not_matter() {
        assert_eq!(words("São José dos Campos"), ["sao", "jose", "dos", "campos"]);
        assert_eq!(words("František Wichterlová"), ["frantisek", "wichterlova"]);
        assert_eq!(words("BJØRN"), ["bjorn"]);
        assert_eq!(words("İstanbul"), ["istanbul"]);
        assert_eq!(words("luisg@embraer.com.br"), ["luisg", "embraer", "com", "br"]);
        assert!(words(" -- !").is_empty());
    }

    #[test]
    fn a_name_is_found_written_together_too() {
        assert_eq!(
            name_words("Jean-Luc Embraer S.A."),
            ["jeanluc", "jean", "luc", "embraer", "sa", "s", "a"]
        );
    }

    #[test]
    fn phones_are_their_digits() {
        assert_eq!(digits("+55 (12) 3923-5555"), "551239235555");
        assert_eq!(digits("no phone"), "");
    }

    proptest! {
        #[test]
        fn folding_a_folded_word_changes_nothing(text in "\\PC{0,40}") {
            for word in words(&text) {
                prop_assert_eq!(words(&word), vec![word.clone()]);
            }
        }

        #[test]
        fn case_never_matters_for_latin(text in "[a-zA-ZàéîõüÀÉÎÕÜß ]{0,40}") {
            prop_assert_eq!(words(&text.to_uppercase()), words(&text.to_lowercase()));
        }
    }
}
