//! How long lines, files, functions and decisions may be, how a file opens, and which parts a
//! decision has.

use syn::visit::Visit;

use crate::{Finding, Source, assert_tidy, sources};

const COMMENT_COLUMNS_MAX: usize = 100;
const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
const DECISION_LINES_MAX: usize = 15;
const DECISION_COLUMNS_MAX: usize = 145;
/// The parts of a decision, in their order.
const DECISION_PARTS: [&str; 4] = ["**Context.**", "**Options.**", "**Choice.**", "**Price.**"];

fn long_comments(source: &Source) -> Vec<Finding> {
    let comments = source.text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("//"));
    comments
        .filter(|(_, line)| line.chars().count() > COMMENT_COLUMNS_MAX)
        .map(|(index, _)| {
            Finding::at_line(source, index + 1, format!("a comment line over {COMMENT_COLUMNS_MAX} columns"))
        })
        .collect()
}

fn long_file(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    (lines > FILE_LINES_MAX).then(|| Finding::in_file(source, format!("{lines} lines, at most {FILE_LINES_MAX}")))
}

fn is_decision(source: &Source) -> bool {
    source.name.starts_with("modules/decisions/")
}

/// Blank lines do not count.
fn long_decision(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().filter(|line| !line.trim().is_empty()).count();
    let is_long = is_decision(source) && lines > DECISION_LINES_MAX;
    is_long.then(|| Finding::in_file(source, format!("{lines} lines of text, at most {DECISION_LINES_MAX}")))
}

fn wide_decision(source: &Source) -> Vec<Finding> {
    let lines = source.text.lines().enumerate().filter(|_| is_decision(source));
    lines
        .filter(|(_, line)| line.chars().count() > DECISION_COLUMNS_MAX)
        .map(|(index, _)| Finding::at_line(source, index + 1, format!("a line over {DECISION_COLUMNS_MAX} columns")))
        .collect()
}

/// Each part begins a paragraph, and no other paragraph begins in bold.
fn wrong_parts(source: &Source) -> Option<Finding> {
    let bold = source.text.lines().filter(|line| line.starts_with("**"));
    let is_right = bold.clone().count() == DECISION_PARTS.len()
        && bold.zip(DECISION_PARTS).all(|(line, part)| line.starts_with(part));
    let is_wrong = is_decision(source) && !is_right;
    is_wrong.then(|| Finding::in_file(source, format!("the parts are not {}", DECISION_PARTS.join(", "))))
}

fn missing_header(source: &Source) -> Option<Finding> {
    let opens_with_header = source.text.starts_with("//!");
    (!opens_with_header)
        .then(|| Finding::in_file(source, "does not open with a `//!` sentence that says what it is for"))
}

/// Collects the functions that are too long.
struct Functions<'a> {
    source: &'a Source,
    findings: Vec<Finding>,
}

impl Functions<'_> {
    fn check(&mut self, name: &syn::Ident, block: &syn::Block) {
        let (first, last) = (name.span().start().line, block.brace_token.span.close().end().line);
        let lines = last + 1 - first;
        if lines > FUNCTION_LINES_MAX {
            let problem = format!("fn {name} has {lines} lines, at most {FUNCTION_LINES_MAX}");
            self.findings.push(Finding::at_line(self.source, first, problem));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.check(&function.sig.ident, &function.block);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.check(&function.sig.ident, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.check(&function.sig.ident, block);
        }
        syn::visit::visit_trait_item_fn(self, function);
    }
}

fn long_functions(source: &Source) -> Vec<Finding> {
    let mut functions = Functions { source, findings: Vec::new() };
    match syn::parse_file(&source.text) {
        Ok(file) => functions.visit_file(&file),
        Err(error) => functions.findings.push(Finding::in_file(source, format!("cannot be parsed: {error}"))),
    }
    functions.findings
}

#[test]
fn comment_lines_have_at_most_100_columns() {
    assert_tidy(sources(&[".rs"]).iter().flat_map(long_comments).collect());
}

#[test]
fn files_have_at_most_400_lines() {
    assert_tidy(sources(&[".rs"]).iter().filter_map(long_file).collect());
}

#[test]
fn decisions_have_at_most_15_lines() {
    assert_tidy(sources(&[".md"]).iter().filter_map(long_decision).collect());
}

#[test]
fn decisions_have_at_most_145_columns() {
    assert_tidy(sources(&[".md"]).iter().flat_map(wide_decision).collect());
}

#[test]
fn decisions_have_four_parts_in_order() {
    assert_tidy(sources(&[".md"]).iter().filter_map(wrong_parts).collect());
}

#[test]
fn functions_have_at_most_70_lines() {
    assert_tidy(sources(&[".rs"]).iter().flat_map(long_functions).collect());
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    assert_tidy(sources(&[".rs"]).iter().filter_map(missing_header).collect());
}

mod each_rule_finds_its_fault {
    use super::*;
    use crate::example;

    #[test]
    fn a_long_comment() {
        let text = format!("//! Short.\n    /// {}\nlet url = \"{}\";\n", "x".repeat(93), "y".repeat(120));
        let found = long_comments(&example("a.rs", &text));
        assert_eq!(found.iter().map(|finding| finding.place.as_str()).collect::<Vec<_>>(), ["a.rs:2"]);
    }

    #[test]
    fn a_long_file() {
        assert!(long_file(&example("a.rs", &"\n".repeat(401))).is_some());
        assert!(long_file(&example("a.rs", &"\n".repeat(400))).is_none());
    }

    #[test]
    fn a_long_decision() {
        let name = "modules/decisions/01-a.md";
        assert!(long_decision(&example(name, &"text\n\n".repeat(16))).is_some());
        assert!(long_decision(&example(name, &"text\n\n".repeat(15))).is_none());
        assert!(long_decision(&example("README.md", &"text\n".repeat(16))).is_none());
    }

    #[test]
    fn a_wide_decision() {
        let text = format!("{}\n{}\n", "x".repeat(145), "ä".repeat(146));
        let found = wide_decision(&example("modules/decisions/01-a.md", &text));
        assert_eq!(
            found.iter().map(|finding| finding.place.as_str()).collect::<Vec<_>>(),
            ["modules/decisions/01-a.md:2"]
        );
        assert!(wide_decision(&example("README.md", &text)).is_empty());
    }

    #[test]
    fn a_decision_whose_parts_are_missing_or_in_another_order() {
        let name = "modules/decisions/01-a.md";
        let text = "# 1. A\n\n**Context.** A.\n\n**Options.** B.\n\n**Choice.** C.\n\n**Price.** D.\n";
        assert!(wrong_parts(&example(name, text)).is_none());
        let swapped = text.replace("Options", "Price").replacen("**Price.** D", "**Options.** D", 1);
        for wrong in [&text.replace("**Price.** D.\n", ""), &swapped, &format!("{text}\n**More.** E.\n")] {
            assert!(wrong_parts(&example(name, wrong)).is_some(), "{wrong}");
        }
        assert!(wrong_parts(&example("README.md", "**Context.** A.\n")).is_none());
    }

    #[test]
    fn a_long_function_a_long_method_and_a_long_default_method() {
        let body = "    let x = 1;\n".repeat(69);
        let text = format!(
            "fn free() {{\n{body}}}\nstruct S;\nimpl S {{\nfn method() {{\n{body}}}\n}}\nfn short() {{}}\n\
             trait T {{\nfn required();\nfn default() {{\n{body}}}\n}}\n"
        );
        let places: Vec<String> =
            long_functions(&example("a.rs", &text)).into_iter().map(|found| found.place).collect();
        assert_eq!(places, ["a.rs:1", "a.rs:74", "a.rs:149"]);
        assert!(long_functions(&example("a.rs", &text.replacen("    let x = 1;\n", "", 1))).len() < 3);
    }

    #[test]
    fn a_file_without_a_header() {
        assert!(missing_header(&example("a.rs", "use std::fmt;\n")).is_some());
        assert!(missing_header(&example("a.rs", "//! Formats dates.\n")).is_none());
    }
}
