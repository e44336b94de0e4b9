//! Every rule of the domain and every decision that the project cites exists.

use std::collections::BTreeSet;

use crate::{Finding, Source, assert_tidy, read, root, sources};

/// The rules that `DOMAIN.md` defines: lines that begin with `- **T1**`.
fn defined_rules(domain: &str) -> BTreeSet<String> {
    domain.lines().filter_map(|line| Some(line.strip_prefix("- **")?.split_once("**")?.0.to_owned())).collect()
}

/// Whether a word is the name of a rule: T5, A10, N3, E2.
fn is_rule(word: &str) -> bool {
    let Some(number) = word.strip_prefix(['T', 'A', 'N', 'E']) else { return false };
    !number.is_empty() && number.len() <= 2 && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The rules that follow the word DOMAIN on a line, such as `DOMAIN T4, T6` or `DOMAIN T1 to T8`.
fn cited_rules(line: &str) -> Vec<&str> {
    let after = line.split("DOMAIN ").skip(1);
    after
        .flat_map(|text| {
            let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
            words.take_while(|word| is_rule(word) || ["and", "to"].contains(word)).filter(|word| is_rule(word))
        })
        .collect()
}

/// The rules that a line of prose names, with the word DOMAIN before them or not. Code between
/// backticks is no prose.
fn named_rules(prose: &str) -> Vec<&str> {
    let outside_of_code = prose.split('`').step_by(2);
    let words =
        outside_of_code.flat_map(|text| text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')));
    words.filter(|word| is_rule(word)).collect()
}

/// Whether a line is prose: a comment, or a line of a Markdown file.
fn is_prose(source: &Source, line: &str) -> bool {
    let (_, ending) = source.name.rsplit_once('.').unwrap_or_default();
    let mark = match ending {
        "rs" => "//",
        "sql" => "--",
        "toml" => "#",
        _ => "",
    };
    line.trim_start().starts_with(mark)
}

/// The numbers that follow the word `decision` or `decisions` on a line.
fn cited_decisions(line: &str) -> Vec<u32> {
    let words: Vec<&str> = line.split(|letter: char| !letter.is_alphanumeric()).collect();
    let pairs = words.windows(2).filter(|pair| ["decision", "decisions", "Decision"].contains(&pair[0]));
    pairs.filter_map(|pair| pair[1].parse().ok()).collect()
}

fn unknown_citations(source: &Source, rules: &BTreeSet<String>, decisions: &BTreeSet<u32>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let rules_of_line = if is_prose(source, line) { named_rules(line) } else { cited_rules(line) };
        for rule in rules_of_line.into_iter().filter(|rule| !rules.contains(*rule)) {
            findings.push(Finding::at_line(source, index + 1, format!("DOMAIN.md has no rule {rule}")));
        }
        for number in cited_decisions(line).into_iter().filter(|number| !decisions.contains(number)) {
            findings.push(Finding::at_line(source, index + 1, format!("there is no decision {number}")));
        }
    }
    findings
}

/// The numbers of the files `modules/decisions/NN-title.md`.
fn decisions() -> BTreeSet<u32> {
    let entries = std::fs::read_dir(root().join("modules/decisions")).expect("the folder of decisions");
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter_map(|name| name.split_once('-')?.0.parse().ok()).collect()
}

#[test]
fn every_cited_rule_and_decision_exists() {
    let (rules, decisions) = (defined_rules(&read("modules/DOMAIN.md")), decisions());
    assert!(rules.len() >= 20 && decisions.len() >= 30, "{} rules, {} decisions", rules.len(), decisions.len());
    let sources = sources(&[".rs", ".md", ".toml", ".sql"]);
    let ours = sources.iter().filter(|source| source.name != "tests/tidy/citations.rs");
    assert_tidy(ours.flat_map(|source| unknown_citations(source, &rules, &decisions)).collect());
}

#[test]
fn every_decision_is_listed_in_the_readme_of_the_modules() {
    let readme = read("modules/README.md");
    let entries = std::fs::read_dir(root().join("modules/decisions")).expect("the folder of decisions");
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let missing: Vec<String> = names.filter(|name| !readme.contains(&format!("decisions/{name}"))).collect();
    assert!(missing.is_empty(), "modules/README.md does not list {missing:?}");
}

#[test]
fn a_rule_and_a_decision_that_do_not_exist_are_found() {
    let rules = defined_rules("- **T4** Reassign.\n- **A10** Once.\n");
    let source = crate::example(
        "a.rs",
        "/// As DOMAIN T4, T9 and A10 say, 4 times A1, not `A2`.\n// See decision 3, decision 7.\n",
    );
    let found = unknown_citations(&source, &rules, &BTreeSet::from([3]));
    let problems: Vec<&str> = found.iter().map(|finding| finding.problem.as_str()).collect();
    assert_eq!(problems, ["DOMAIN.md has no rule T9", "DOMAIN.md has no rule A1", "there is no decision 7"]);
}

#[test]
fn a_rule_without_the_word_domain_is_found_in_prose_only() {
    let rules = defined_rules("- **T4** Reassign.\n");
    let problems = |name: &str, text: &str| unknown_citations(&crate::example(name, text), &rules, &BTreeSet::new());
    assert_eq!(problems("a.rs", "//! Corrections (A9)\n").len(), 1);
    assert_eq!(problems("a.rs", "/// One run (DOMAIN T4,\n/// T9).\n").len(), 1);
    assert_eq!(problems("a.sql", "-- The runs (T6).\n").len(), 1);
    assert_eq!(problems("a.rs", "let day = \"T9\"; // `A9`\n//! The title `[A1-7]`.\n").len(), 0);
    assert_eq!(problems("a.rs", "assert!(x, \"DOMAIN T9\");\n").len(), 1);
}
