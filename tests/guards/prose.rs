//! Rules for prose that a program can check: sentence openings, words to avoid, lengths of commit subjects.

use std::process::Command;

use super::repository::{File, files, root};

/// This file names the words that the others avoid.
const THIS: &str = "tests/guards/prose.rs";

/// Words that have a standard or shorter equivalent.
const AVOIDED: [&str; 18] = [
    "anew",
    "at the most",
    "everybody",
    "likewise",
    "mend",
    "mended",
    "mends",
    "nobody",
    "parted",
    "patience",
    "put right",
    "side by side",
    "so many",
    "somebody",
    "twin",
    "whoever",
    "wholly",
    "whosoever",
];

/// Pronouns that open a relative clause before its subject is known.
const RELATIVES: [&str; 5] = ["Who ", "Whoever ", "Whatever ", "Whose ", "What "];

/// The commit after which subjects are checked, and their longest length in characters.
const CHECKED_SINCE: &str = "d69109daa6c8c5d82bea6d0f66bb85476dd37197";
const MAX_SUBJECT: usize = 72;

fn prose_files() -> Vec<File> {
    let is_prose = |file: &File| {
        let name = file.name();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        ["rs", "md", "toml", "yaml", "html", "js", "ts", "graphql"].contains(&ending)
            || file.text.starts_with("#!")
    };
    files().into_iter().filter(|file| file.path != THIS && is_prose(file)).collect()
}

/// The paragraphs of a file: consecutive lines of comment in a source file, consecutive lines otherwise.
fn paragraphs(file: &File) -> Vec<(usize, String)> {
    let is_markdown = file.path.ends_with(".md");
    let mut all: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    for (at, line) in file.text.lines().enumerate() {
        let line = line.trim();
        let marks = ["///", "//!", "//", "# ", "/* ", "* "];
        let mark = marks.iter().find(|mark| line.starts_with(**mark));
        let text = match mark {
            _ if is_markdown => Some(line),
            Some(mark) => Some(line[mark.len()..].trim()),
            None => None,
        };
        let text = text.filter(|text| !text.is_empty());
        match (text, all.last_mut()) {
            (Some(text), Some((_, paragraph))) if is_open && !starts_item(text) => {
                paragraph.push(' ');
                paragraph.push_str(text);
            }
            (Some(text), _) => {
                all.push((at + 1, text.trim_start_matches(['-', '#', '|', ' ', '*']).to_owned()))
            }
            (None, _) => {}
        }
        is_open = text.is_some();
    }
    all
}

fn starts_item(text: &str) -> bool {
    text.starts_with(['-', '|', '#']) || text.split_once(". ").is_some_and(|(n, _)| n.parse::<u8>().is_ok())
}

/// The sentences of a paragraph that open with a relative pronoun and are not questions.
fn riddles(paragraph: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for sentence in paragraph.split_inclusive(['.', '!', '?', '|']) {
        let sentence = sentence.trim();
        if RELATIVES.iter().any(|word| sentence.starts_with(word)) && !sentence.ends_with('?') {
            found.push(sentence);
        }
    }
    found
}

/// Whether a line contains these words, whole and in any case.
fn contains_words(line: &str, words: &str) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let line = line.to_lowercase();
    line.match_indices(words).any(|(at, found)| {
        !is_word(line[..at].chars().next_back()) && !is_word(line[at + found.len()..].chars().next())
    })
}

#[test]
fn no_sentence_opens_with_a_relative_pronoun() {
    let mut faults = Vec::new();
    for file in prose_files() {
        for (at, paragraph) in paragraphs(&file) {
            faults
                .extend(riddles(&paragraph).iter().map(|sentence| format!("{}:{at}: {sentence}", file.path)));
        }
    }
    assert!(faults.is_empty(), "name the subject first:\n{}", faults.join("\n"));
}

#[test]
fn avoided_words_are_absent() {
    let mut faults = Vec::new();
    for file in prose_files() {
        for (at, line) in file.text.lines().enumerate() {
            let found = AVOIDED.iter().filter(|words| contains_words(line, words));
            faults.extend(found.map(|words| format!("{}:{}: {words}: {}", file.path, at + 1, line.trim())));
        }
    }
    assert!(faults.is_empty(), "use the standard term:\n{}", faults.join("\n"));
}

#[test]
fn commit_subjects_fit_one_line() {
    let git = |args: &[&str]| Command::new("git").arg("-C").arg(root()).args(args).output().unwrap();
    // A shallow clone has no such commit: what it cannot see was checked where it was written.
    if !git(&["merge-base", "--is-ancestor", CHECKED_SINCE, "HEAD"]).status.success() {
        return;
    }
    let log = git(&["log", "--no-merges", "--format=%s", &format!("{CHECKED_SINCE}..HEAD")]);
    let subjects = String::from_utf8(log.stdout).unwrap();
    let long: Vec<&str> = subjects.lines().filter(|subject| subject.chars().count() > MAX_SUBJECT).collect();
    assert!(long.is_empty(), "commit subjects have at most {MAX_SUBJECT} characters:\n{}", long.join("\n"));
}

#[test]
fn rules_find_what_they_forbid() {
    assert_eq!(riddles("Fine. Who asks gets it. What is it?"), ["Who asks gets it."]);
    assert!(contains_words("Nobody knows", "nobody") && !contains_words("is_nobody()", "nobody"));
    assert!(contains_words("as so many do", "so many") && !contains_words("comments", "mend"));
    let file = File { path: "a.rs".into(), text: "/// One\n/// two.\nfn a() {}\n// Who\n".into() };
    assert_eq!(paragraphs(&file), [(1, "One two.".to_owned()), (4, "Who".to_owned())]);
}
