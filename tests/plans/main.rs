//! No query reads a whole table that grows: every checked statement is explained by PostgreSQL on tables large enough to matter.
//!
//! The statements are those of `.sqlx`, so a new query is asked as soon as it is there. What has to read everything says why.
#![expect(clippy::expect_used, reason = "a test that cannot be set up must fail, and say why")]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contracts::Event;
use futures_util::future::BoxFuture;
use harness::TestDatabase;
use kernel::inbox::{ApplyError, Inbox, RetryPolicy, Subscriber};
use kernel::{Ambient, Tx, WritePool};
use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor};

/// These hold one row (a sequence), a row for each key or setting, or what is under way at the moment.
const SMALL: [&str; 6] = ["settings", "pricing_policies", "signing_keys", "pools", "outbox", "event_order"];

/// Queries whose answer is about all of a table, or that stop at its first row: by the function that asks, with the reason.
const EXCUSED: [(&str, &str); 9] = [
    ("list_days", "a row a day: ten years are forty pages"),
    ("exists_any", "stops at the first row"),
    ("insert_first_day", "stops at the first row"),
    ("count_open_tasks", "a run that is asked for says how many tasks it will draw"),
    ("load_preview", "the price of drawing all open tasks"),
    ("load_assignable_ids", "a new pool is everybody who can be drawn; it is made when people change"),
    ("count_wallets_below_zero", "the close of a day, which looks at every wallet anyhow"),
    ("sum_positive_wallets", "what that close would pay; an index on the balance would cost each booking"),
    ("count_statements", "for `verify`, which holds all mails against all payouts"),
];

struct Statement {
    module: String,
    /// The function that asks it.
    name: String,
    sql: String,
    /// Their types, as PostgreSQL calls them.
    parameters: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_owned()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of the project").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a file of the project")
}

/// Every checked statement of a module but those that verify, which read everything because that is what they are for.
fn statements(module: &str) -> Vec<Statement> {
    let folder = root().join("modules").join(module);
    let sources: Vec<(PathBuf, String)> =
        files(&folder.join("src"), "rs").into_iter().map(|path| (path.clone(), read(&path))).collect();
    let mut statements = Vec::new();
    for file in files(&folder.join(".sqlx"), "json") {
        let checked: Value = serde_json::from_str(&read(&file)).expect("a checked statement");
        let sql = checked["query"].as_str().expect("its text").to_owned();
        let types = checked["describe"]["parameters"]["Left"].as_array().into_iter().flatten();
        let parameters = types.filter_map(Value::as_str).map(as_postgres_says).collect();
        let place = sources.iter().find_map(|(path, source)| Some((path, source, source.find(&sql)?)));
        // A statement with an escape in it is not found by its text; it is asked all the same.
        let name = place.map_or("?", |(_, source, at)| function_before(source, at)).to_owned();
        let verifies = place.is_some_and(|(path, ..)| path.ends_with("verify.rs"));
        let is_planned =
            ["select", "with", "insert", "update", "delete"].iter().any(|verb| sql.trim().starts_with(verb));
        if is_planned && !verifies {
            statements.push(Statement { module: module.to_owned(), name, sql, parameters });
        }
    }
    assert!(!statements.is_empty(), "no statement of {module} was found");
    statements
}

fn as_postgres_says(parameter: &str) -> String {
    match parameter.strip_suffix("Array") {
        Some(item) => format!("{item}[]"),
        None => parameter.to_owned(),
    }
}

/// With a page's limit: of one that it cannot see PostgreSQL thinks that it may be a tenth of the table.
fn with_limit(sql: &str) -> String {
    let mut parts = sql.split("limit $");
    let mut limited = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        write!(limited, "limit 50{}", part.trim_start_matches(|c: char| c.is_ascii_digit())).expect("text");
    }
    limited
}

fn function_before(source: &str, at: usize) -> &str {
    let declared = source[..at].rfind("fn ").map_or("?", |start| &source[start + 3..]);
    declared.split(['(', '<']).next().unwrap_or("?")
}

async fn explain(connection: &mut PgConnection, statement: &Statement) -> Value {
    let (types, nulls) = match statement.parameters.len() {
        0 => (String::new(), String::new()),
        count => (format!("({})", statement.parameters.join(", ")), format!("({})", vec!["null"; count].join(", "))),
    };
    let prepare = format!("prepare asked {types} as {}", with_limit(&statement.sql));
    connection.execute(AssertSqlSafe(prepare)).await.expect(&statement.sql);
    let explain = format!("explain (format json) execute asked {nulls}");
    let explained = sqlx::query_scalar(AssertSqlSafe(explain)).fetch_one(&mut *connection).await;
    connection.execute("deallocate asked").await.expect("it was prepared");
    explained.expect(&statement.sql)
}

/// The tables that a plan reads from one end to the other: by themselves, or by the whole of an index.
fn scans(plan: &Value, is_limited: bool, partial_indexes: &[String], found: &mut Vec<String>) {
    let kind = plan["Node Type"].as_str().unwrap_or_default();
    let table = plan["Relation Name"].as_str().unwrap_or_default();
    let index = plan["Index Name"].as_str().unwrap_or_default();
    let is_whole_index = kind.starts_with("Index")
        && plan["Index Cond"].is_null()
        && !is_limited
        && !partial_indexes.iter().any(|partial| partial == index);
    if (kind == "Seq Scan" || is_whole_index) && !SMALL.contains(&table) {
        found.push(format!("{table} ({kind})"));
    }
    let is_limited = is_limited || kind == "Limit";
    // What sorts or aggregates reads all of what is below it, whoever wants only the first.
    let is_limited = is_limited && !["Sort", "Aggregate", "Hash"].contains(&kind);
    for child in plan["Plans"].as_array().into_iter().flatten() {
        scans(child, is_limited, partial_indexes, found);
    }
}

/// A session in which plans are what they are after five executions of a prepared statement, whatever the arguments.
async fn fill(database: &TestDatabase, fill: &'static str) -> PgConnection {
    let mut connection = database.connect().await;
    sqlx::raw_sql(fill).execute(&mut connection).await.expect("the tables are filled");
    connection.execute("vacuum analyze").await.expect("the tables are analysed");
    connection.execute("set plan_cache_mode = force_generic_plan").await.expect("a setting");
    connection
}

async fn complain(connection: &mut PgConnection, statements: Vec<Statement>) {
    let partial = "select indexrelid::regclass::text from pg_index where indpred is not null";
    let partial: Vec<String> = sqlx::query_scalar(partial).fetch_all(&mut *connection).await.expect("the catalogue");
    let partial: Vec<String> =
        partial.iter().map(|name| name.rsplit('.').next().unwrap_or_default().to_owned()).collect();
    let mut complaints = String::new();
    for statement in statements {
        let explained = explain(connection, &statement).await;
        let mut found = Vec::new();
        scans(&explained[0]["Plan"], false, &partial, &mut found);
        let is_excused = EXCUSED.iter().any(|(name, _)| *name == statement.name);
        if !found.is_empty() && !is_excused {
            let Statement { module, name, sql, .. } = statement;
            writeln!(complaints, "{module}::{name} reads all of {found:?}:{sql}").expect("text");
        }
    }
    assert!(complaints.is_empty(), "{complaints}");
}

#[tokio::test]
async fn no_query_of_the_tracker_reads_a_whole_table() {
    let database = harness::tracker().await;
    let mut connection = fill(&database, include_str!("tracker.sql")).await;
    complain(&mut connection, ["identity", "tasks"].into_iter().flat_map(statements).collect()).await;
}

#[tokio::test]
async fn no_query_of_accounting_reads_a_whole_table() {
    let database = harness::accounting().await;
    let mut connection = fill(&database, include_str!("accounting.sql")).await;
    complain(&mut connection, ["accounting", "email", "analytics"].into_iter().flat_map(statements).collect()).await;
}

struct Indifferent;

impl Subscriber for Indifferent {
    fn name(&self) -> &'static str {
        "accounting"
    }

    fn event_types(&self) -> &'static [&'static str] {
        &["piecework.tasks.completed.v1"]
    }

    fn apply<'a>(&'a self, _tx: &'a mut Tx, _events: &'a [Event]) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async { Ok(()) })
    }
}

/// The kernel's statements name their schema when they are asked, so `.sqlx` has none of them: the session that asked them still knows.
#[tokio::test]
async fn no_query_of_an_inbox_reads_all_that_was_applied() {
    let database = harness::accounting().await;
    let mut connection = fill(&database, include_str!("accounting.sql")).await;
    let ambient = Ambient::manual("2026-11-02T09:00:00Z".parse().expect("a time"), 11);
    let write = WritePool::new(database.options(), 1, "accounting", ambient);
    let inbox = Inbox::new(Arc::new(Indifferent), write.clone(), RetryPolicy::default());
    assert_eq!(inbox.waiting().await.expect("a count"), (0, 0));
    assert_eq!(inbox.due().await.expect("a count"), 0);
    assert!(!inbox.retry_next().await.expect("none is due"));
    inbox.list_parked(None, 10).await.expect("a page");
    inbox.forget_applied().await.expect("old ones, or none");
    let asked = "select statement, parameter_types::text[] from pg_prepared_statements where statement like $1";
    let asked: Vec<(String, Vec<String>)> =
        sqlx::query_as(asked).bind("%.inbox%").fetch_all(write.raw()).await.expect("the session's");
    assert_eq!(asked.len(), 5, "{asked:?}");
    let statement = |(sql, parameters)| Statement { module: "kernel".into(), name: "inbox".into(), sql, parameters };
    complain(&mut connection, asked.into_iter().map(statement).collect()).await;
}
