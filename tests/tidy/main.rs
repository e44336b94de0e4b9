//! The house rules that no compiler checks: sizes, headers, imports, statements, citations and
//! words. Needs no database.
//!
//! Each rule is a function from the text of a file to a list of findings, and has a test that shows
//! it finding something.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot be set up must fail, and say why")]

mod citations;
mod imports;
mod migrations;
mod sizes;
mod statements;
mod words;

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file under version control.
struct Source {
    /// Its path below the root of the project, with forward slashes.
    name: String,
    text: String,
}

/// Something that breaks a rule: where, and what is wrong.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// The file, and the line where one is known.
    place: String,
    problem: String,
}

impl Finding {
    fn at_line(source: &Source, line: usize, problem: impl Into<String>) -> Self {
        Self { place: format!("{}:{line}", source.name), problem: problem.into() }
    }

    fn in_file(source: &Source, problem: impl Into<String>) -> Self {
        Self { place: source.name.clone(), problem: problem.into() }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_owned()
}

/// The files whose names end with one of `endings`, as they are in the working tree.
fn sources(endings: &[&str]) -> Vec<Source> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let listed = Command::new("git").args(arguments).current_dir(root()).output().expect("git lists the files");
    let names = String::from_utf8(listed.stdout).expect("names are UTF-8");
    let wanted = names.lines().filter(|name| endings.iter().any(|ending| name.ends_with(ending)));
    let sources: Vec<Source> = wanted
        // A file that was moved and not yet committed is listed under its old name too.
        .filter(|name| root().join(name).is_file())
        .map(|name| Source { name: name.to_owned(), text: read(name) })
        .collect();
    assert!(!sources.is_empty(), "no file ends with {endings:?}");
    sources
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Fails with every finding, a line each.
fn assert_tidy(mut findings: Vec<Finding>) {
    findings.sort();
    let lines: Vec<String> = findings.iter().map(|finding| format!("{}: {}", finding.place, finding.problem)).collect();
    assert!(lines.is_empty(), "{} findings\n{}", lines.len(), lines.join("\n"));
}

/// A file for the test of a rule.
#[cfg(test)]
fn example(name: &str, text: &str) -> Source {
    Source { name: name.to_owned(), text: text.to_owned() }
}
