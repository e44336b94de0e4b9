//! A migration does not stop a running system, and leaves it working on the previous version.
//!
//! It is read statement by statement. `migrations/README.md` says what to do instead of what is
//! refused here.

use crate::{Finding, Source, assert_tidy, sources};

/// Migrations that landed before these rules, or together with them.
const LANDED: [&str; 24] = [
    "accounting/0001_accounting.sql",
    "accounting/0002_wallets_below_zero.sql",
    "accounting/0003_small_events_stay_in_their_rows.sql",
    "accounting/0004_wallets_as_they_are_shown.sql",
    "accounting/0200_live_reports.sql",
    "accounting/0220_transfers_by_task_and_day.sql",
    "email/0001_mail.sql",
    "email/0002_unknown_outcomes.sql",
    "email/0003_address_notices.sql",
    "email/0120_link_mails.sql",
    "email/0190_mails_by_person_and_kind.sql",
    "identity/0001_people_and_access.sql",
    "identity/0100_sessions_and_keys.sql",
    "identity/0120_accounts.sql",
    "identity/0140_api_tokens.sql",
    "identity/0170_login_limits.sql",
    "identity/0171_audit_records.sql",
    "identity/0210_single_sign_on.sql",
    "tasks/0001_tasks.sql",
    "tasks/0002_small_events_stay_in_their_rows.sql",
    "tasks/0003_one_statement_a_creation.sql",
    "tasks/0004_titles_in_one_spelling.sql",
    "tasks/0190_latest_completions.sql",
    "tasks/0200_live_reports.sql",
];

/// What takes away something that the previous version uses.
const CONTRACTIONS: [&str; 9] = [
    " drop column ",
    "drop table ",
    "drop view ",
    "drop function ",
    " rename ",
    " set not null",
    " drop not null",
    " set data type ",
    "drop schema ",
];

/// Defaults that PostgreSQL computes for each row, so that it rewrites the table.
const VOLATILE: [&str; 5] =
    ["default random(", "default nextval(", "default gen_random_uuid(", "default clock_timestamp(", "generated "];

/// What PostgreSQL checks in every row of a table that exists.
const CONSTRAINTS: [&str; 5] =
    [" add constraint ", " add check ", " add foreign key ", " add unique ", " add primary key "];

/// The same as a part of a new column.
const COLUMN_CONSTRAINTS: [&str; 4] = [" references ", " check ", " unique ", " primary key "];

/// The statements of a migration in lower case, without comments, with single spaces and a space at
/// each end. A function's body is divided as well, which does no harm here.
fn statements(text: &str) -> Vec<String> {
    let code = text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    let statements = code.split(';').map(|statement| {
        let words: Vec<&str> = statement.split_whitespace().collect();
        format!(" {} ", words.join(" ").to_lowercase())
    });
    statements.filter(|statement| !statement.trim().is_empty()).collect()
}

/// The name after these words in a statement.
fn name_after<'a>(statement: &'a str, words: &str) -> Option<&'a str> {
    let rest = statement.split_once(words)?.1.trim_start_matches("if not exists ").trim_start_matches("only ");
    rest.split([' ', '(']).find(|word| !word.is_empty())
}

/// The name of the table on which an index is created, or which is altered.
fn changed_table(statement: &str) -> Option<&str> {
    if statement.contains(" create index ") || statement.contains(" create unique index ") {
        return name_after(statement, " on ");
    }
    if statement.starts_with(" update ") {
        return name_after(statement, " update ");
    }
    name_after(statement, " alter table ")
}

fn unsafe_statements(source: &Source) -> Vec<Finding> {
    let statements = statements(&source.text);
    let created: Vec<&str> = statements.iter().filter_map(|one| name_after(one, " create table ")).collect();
    let names_oldest_program = source.text.contains(".oldest_program()");
    let mut findings = Vec::new();
    let mut find = |problem: &str| findings.push(Finding::in_file(source, problem));
    for statement in &statements {
        let has = |words: &str| statement.contains(words);
        let contracts = CONTRACTIONS.iter().any(|words| has(words)) || (has(" alter column ") && has(" type "));
        if contracts && !names_oldest_program {
            find("takes away what the previous version uses: expand first, and say which program may still run");
        }
        if has(" lock table ") {
            find("locks a table: split the migration");
        }
        // A table that this migration creates is empty and unknown to others.
        if changed_table(statement).is_none_or(|table| created.contains(&table)) {
            continue;
        }
        let is_index = has(" create index ") || has(" create unique index ");
        if is_index && !has(" concurrently ") {
            find("creates an index on a table that exists: `create index concurrently`, in a file of its own");
        }
        let checks_rows = CONSTRAINTS.iter().any(|words| has(words))
            || (has(" add column ") && COLUMN_CONSTRAINTS.iter().any(|words| has(words)));
        if checks_rows && !has(" not valid ") && !has(" using index ") {
            find("checks every row under a lock: `not valid`, and `validate constraint` in a later file");
        }
        if has(" update ") && !has(" where ") {
            find("updates every row in one transaction: a job that updates some at a time");
        }
        if has(" add column ") && has(" not null ") && !has(" default ") {
            find("adds a column that rows of the previous version lack: allow null, or give a constant default");
        }
        if has(" add column ") && VOLATILE.iter().any(|words| has(words)) {
            find("rewrites the table under a lock: add the column without the default");
        }
    }
    let concurrent = statements.iter().find(|one| one.contains(" concurrently "));
    if concurrent.is_some_and(|one| {
        statements.len() > 1
            || !source.text.starts_with("-- no-transaction\n")
            || !one.contains(" concurrently if not exists ")
    }) {
        find("has an index made concurrently: one statement with `if not exists`, after the line `-- no-transaction`");
    }
    findings
}

#[test]
fn a_migration_stops_nobody_and_leaves_the_previous_version_working() {
    let sources = sources(&[".sql"]);
    let migrations = sources.iter().filter(|source| source.name.starts_with("migrations/"));
    let is_new = |source: &&Source| !LANDED.iter().any(|landed| source.name == format!("migrations/{landed}"));
    assert_tidy(migrations.filter(is_new).flat_map(unsafe_statements).collect());
}

#[test]
fn each_unsafe_statement_is_found() {
    let check = |text: &str| unsafe_statements(&crate::example("migrations/tasks/0999_example.sql", text)).len();
    for safe in [
        "create table tasks.labels (id uuid primary key); create index labels_id on tasks.labels (id);",
        "create table if not exists tasks.labels (id uuid); alter table tasks.labels add constraint a check (true);",
        "-- no-transaction\ncreate index concurrently if not exists tasks_by_label on tasks.tasks (label);",
        "alter table tasks.tasks add column label text;",
        "alter table tasks.tasks add constraint one_label unique using index tasks_by_label;",
        "update tasks.settings set seed = 1 where seed is null;",
        "alter table tasks.tasks add column label text not null default '';",
        "alter table tasks.tasks add constraint short check (label <> '') not valid;",
        "alter table tasks.tasks validate constraint short;",
        "alter table tasks.tasks drop column label; -- as\ncreate or replace function tasks.oldest_program() …",
    ] {
        assert_eq!(check(safe), 0, "{safe}");
    }
    for refused in [
        "create index tasks_by_label on tasks.tasks (label);",
        "create unique index tasks_by_label\n    on tasks.tasks (label);",
        "create index concurrently if not exists tasks_by_label on tasks.tasks (label);",
        "-- no-transaction\ncreate index concurrently tasks_by_label on tasks.tasks (label);",
        "-- no-transaction\ncreate index concurrently if not exists a on tasks.tasks (b); select 1;",
        "alter table tasks.tasks add column label text not null;",
        "alter table tasks.tasks add column label uuid default gen_random_uuid();",
        "alter table tasks.tasks add constraint short check (label <> '');",
        "alter table tasks.tasks add constraint one_label unique (label);",
        "alter table tasks.tasks add unique (label);",
        "alter table tasks.tasks add primary key (label);",
        "alter table tasks.tasks add column label uuid references tasks.labels;",
        "alter table tasks.tasks add column label text check (label <> '');",
        "alter table tasks.tasks add column label text unique;",
        "update tasks.tasks set label = '';",
        "alter table tasks.tasks drop column label;",
        "alter table tasks.tasks alter column label type varchar;",
        "alter table tasks.tasks rename label to name;",
        "alter table tasks.tasks alter column label set not null;",
        "alter table tasks.tasks alter column label drop not null;",
        "drop table tasks.labels;",
        "drop view tasks_report.people;",
        "lock table tasks.tasks;",
    ] {
        assert_eq!(check(refused), 1, "{refused}");
    }
}
