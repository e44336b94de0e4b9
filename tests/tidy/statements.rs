//! The names of the parts of a long statement.

use crate::{Finding, Source, assert_tidy, sources};

/// The name of the common table expression that a line opens, as in `), deleted_tasks as (`.
fn opened_expression(line: &str) -> Option<&str> {
    let opening = line.trim().strip_suffix('(')?.trim_end();
    let opening = opening.strip_suffix(" materialized").unwrap_or(opening);
    opening.strip_suffix(" as")?.split_whitespace().last()
}

/// The table that a line begins to write, without its schema.
fn written_table(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = ["insert into ", "update ", "delete from "].iter().find_map(|verb| line.strip_prefix(verb))?;
    let (_schema, table) = rest.split_whitespace().next()?.split_once('.')?;
    Some(table)
}

/// A common table expression that writes a table has the name of the table in its own.
fn misnamed_expressions(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut expression = None;
    for (index, line) in source.text.lines().enumerate() {
        if let Some(name) = opened_expression(line) {
            expression = Some(name);
        } else if line.trim_start().starts_with(')') {
            expression = None;
        }
        let (Some(name), Some(table)) = (expression, written_table(line)) else { continue };
        if !name.contains(table) {
            findings.push(Finding::at_line(source, index + 1, format!("`{name}` writes the table `{table}`")));
        }
    }
    findings
}

#[test]
fn the_parts_of_a_statement_are_named_after_their_tables() {
    let sources = sources(&[".rs", ".sql"]);
    let statements = sources.iter().filter(|source| source.name.contains("/src/store/"));
    assert_tidy(statements.flat_map(misnamed_expressions).collect());
}

#[test]
fn a_misnamed_part_of_a_statement_is_found() {
    let text = "with input as (\n    select 1\n), told as (\n    insert into tasks.outbox (event)\n    select 1\n\
                ), deleted_tasks as materialized (\n    delete from tasks.tasks\n)\nupdate tasks.pools\n";
    let found = misnamed_expressions(&crate::example("modules/tasks/src/store/a.sql", text));
    assert_eq!(
        found,
        [Finding {
            place: "modules/tasks/src/store/a.sql:4".to_owned(),
            problem: "`told` writes the table `outbox`".to_owned()
        }]
    );
}
