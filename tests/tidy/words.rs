//! Words that a newcomer cannot understand, each with the one to use instead.

use crate::{Finding, Source, assert_tidy, sources};

/// What the project does not write, and what it writes instead. Matched as whole words, in any
/// case.
const BANNED: [(&str, &str); 29] = [
    ("whoever", "name the person, the process or the caller"),
    ("whatever", "name the cases"),
    ("so many at most", "the maximum number of …"),
    ("so many", "name the number"),
    ("however many", "name the condition"),
    ("for ever", "permanently"),
    ("hardly ever", "rarely"),
    ("anew", "again; a task is reassigned"),
    ("aftermath", "after the commit"),
    ("linger", "keep"),
    ("silences", "consecutive timeouts"),
    ("eyes", "probes"),
    ("looks at it", "reads, checks or probes"),
    ("a look", "a probe, a check or a query"),
    ("the look", "the probe, the check or the query"),
    ("is told", "is notified, receives or reads"),
    ("are told", "are notified, receive or read"),
    ("was told", "was notified, received or read"),
    ("been told", "been notified, or name what the reader does not know"),
    ("has told", "has notified, or name what the reader does not know"),
    ("tells of", "reports"),
    ("in vain", "times out, or without effect"),
    ("mend", "repair"),
    ("mends", "repairs"),
    ("is at work", "is running"),
    ("are at work", "are running"),
    ("at work on", "running on"),
    ("makes way", "pauses"),
    ("make way", "pause"),
];

/// A line as it is read: in lower case, and the words of a name divided by spaces.
fn as_read(line: &str) -> String {
    line.to_lowercase().replace('_', " ")
}

fn contains_words(text: &str, words: &str) -> bool {
    let is_boundary = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    text.match_indices(words).any(|(start, _)| {
        is_boundary(text[..start].chars().next_back()) && is_boundary(text[start + words.len()..].chars().next())
    })
}

fn banned_words(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let text = as_read(line);
        for (words, instead) in BANNED.iter().filter(|(words, _)| contains_words(&text, words)) {
            findings.push(Finding::at_line(source, index + 1, format!("“{words}”: {instead}")));
        }
    }
    findings
}

#[test]
fn prose_uses_standard_words() {
    let scripts = [".ci/run", ".ci/build-pages", ".ci/keep-release", ".ci/prepare-queries"];
    let checks = [".ci/check-alerts", ".ci/check-api", ".ci/check-deploy", ".ci/check-image"];
    let prose = [".rs", ".md", ".toml", ".sql", ".yaml", "Dockerfile", ".ts", ".tsx", "locales/en.json"];
    let sources = sources(&[&prose[..], &scripts, &checks].concat());
    // Landed migrations are never edited, not even their comments.
    let editable =
        sources.iter().filter(|source| !source.name.starts_with("migrations/") || source.name.ends_with(".md"));
    let others = editable.filter(|source| source.name != "tests/tidy/words.rs");
    assert_tidy(others.flat_map(banned_words).collect());
}

#[test]
fn a_banned_word_is_found_in_comments_texts_and_names() {
    let text = "/// Whoever asks waits.\nlet text = \"It lasts for ever.\";\n//! Renews it.\nfn drawn_anew() {}\n// It waits in vain.\n";
    let places: Vec<String> =
        banned_words(&crate::example("a.rs", text)).into_iter().map(|finding| finding.place).collect();
    assert_eq!(places, ["a.rs:1", "a.rs:2", "a.rs:4", "a.rs:5"]);
    assert_eq!(banned_words(&crate::example("a.md", "It lasts for ever.\n")).len(), 1);
}
