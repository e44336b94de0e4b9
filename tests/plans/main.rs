//! No query reads the whole of a table that grows.
//!
//! PostgreSQL explains every checked statement on large tables. The statements are those of the
//! `.sqlx` folders, so a new query is included automatically. An exception needs a reason.
#![expect(clippy::expect_used, reason = "a test that cannot be set up must fail and say why")]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contracts::Event;
use futures_util::future::BoxFuture;
use harness::TestDatabase;
use kernel::events::inbox::{ApplyError, Inbox, RetryPolicy, Subscriber};
use kernel::http::idempotency::{InFlight, KeyedRequest};
use kernel::http::{Answer, answered};
use kernel::{Ambient, Tx, WritePool};
use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor};

/// Tables with one row, with a row for each key or setting, or with rows of work in progress only.
const SMALL: [&str; 6] = ["settings", "pricing_policies", "signing_keys", "pools", "outbox", "event_order"];

/// Functions whose query may read a whole table, with the reason.
const EXCUSED: [(&str, &str); 12] = [
    ("list_people_outside_ascii", "once at startup, for addresses that an earlier version stored"),
    ("list_days", "one row for each day: ten years are forty pages"),
    ("list_wallets_by_name", "one row for each person; the name and the balance are in two tables"),
    ("lock_unsealed_day", "one row for each day, as in `list_days`"),
    ("exists_person", "stops at the first row"),
    ("insert_first_day", "stops at the first row"),
    ("count_open_tasks", "a run counts its tasks when it is requested"),
    ("load_reassignment_preview", "the price of reassigning all open tasks"),
    ("list_assignable_ids", "a new pool has all assignable people; it is created when people change"),
    ("update_top_tasks", "after a loss only, if the task with the highest reward of a day was lost"),
    ("count_wallets_below_zero", "the close of a day reads every wallet anyway"),
    ("load_positive_balances", "the payout of that close; an index on the balance would slow down each booking"),
];

/// One checked statement.
struct Statement {
    module: String,
    /// The function that runs it.
    name: String,
    sql: String,
    /// The types of the parameters, in PostgreSQL's names.
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

/// Every checked statement of a module, except those of `verify`, which has to read all data.
fn statements(module: &str) -> Vec<Statement> {
    let folder = root().join("modules").join(module);
    let sources: Vec<(PathBuf, String)> =
        ["rs", "sql"].into_iter().flat_map(|extension| files(&folder.join("src"), extension)).map(with_text).collect();
    let mut statements = Vec::new();
    for file in files(&folder.join(".sqlx"), "json") {
        let checked: Value = serde_json::from_str(&read(&file)).expect("a checked statement");
        let sql = checked["query"].as_str().expect("its text").to_owned();
        let types = checked["describe"]["parameters"]["Left"].as_array().into_iter().flatten();
        let parameters = types.filter_map(Value::as_str).map(postgres_type).collect();
        // A statement with an escape in it is not found by its text. It is explained under the name
        // "?".
        let place = sources.iter().find_map(|(path, source)| Some((path, source, source.find(&sql)?)));
        let name = place.map_or("?", |(path, source, at)| function_of(path, source, at)).to_owned();
        let verifies = place.is_some_and(|(path, ..)| {
            path.ends_with("verify.rs") || path.parent().is_some_and(|folder| folder.ends_with("verify"))
        });
        let is_planned =
            ["select", "with", "insert", "update", "delete"].iter().any(|verb| sql.trim().starts_with(verb));
        if is_planned && !verifies {
            statements.push(Statement { module: module.to_owned(), name, sql, parameters });
        }
    }
    assert!(!statements.is_empty(), "no statement of {module} was found");
    statements
}

fn with_text(path: PathBuf) -> (PathBuf, String) {
    let text = read(&path);
    (path, text)
}

/// PostgreSQL's name of a parameter type of `.sqlx`.
fn postgres_type(parameter: &str) -> String {
    match parameter.strip_suffix("Array") {
        Some(item) => format!("{item}[]"),
        None => parameter.to_owned(),
    }
}

/// The statement with the limit of a page, because PostgreSQL assumes a tenth of the table for a
/// parameter.
fn with_limit(sql: &str) -> String {
    let mut parts = sql.split("limit $");
    let mut limited = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        write!(limited, "limit 50{}", part.trim_start_matches(|c: char| c.is_ascii_digit())).expect("text");
    }
    limited
}

/// The name of the function that runs a statement. An SQL file has the name of its function.
fn function_of<'a>(path: &'a Path, source: &'a str, at: usize) -> &'a str {
    if path.extension().is_some_and(|extension| extension == "sql") {
        return path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("?");
    }
    let declared = source[..at].rfind("fn ").map_or("?", |start| &source[start + 3..]);
    declared.split(['(', '<']).next().unwrap_or("?")
}

async fn explain(connection: &mut PgConnection, statement: &Statement) -> Value {
    let (types, nulls) = match statement.parameters.len() {
        0 => (String::new(), String::new()),
        count => (format!("({})", statement.parameters.join(", ")), format!("({})", vec!["null"; count].join(", "))),
    };
    let prepare = format!("prepare statement_under_test {types} as {}", with_limit(&statement.sql));
    connection.execute(AssertSqlSafe(prepare)).await.expect(&statement.sql);
    let explain = format!("explain (format json) execute statement_under_test {nulls}");
    let explained = sqlx::query_scalar(AssertSqlSafe(explain)).fetch_one(&mut *connection).await;
    connection.execute("deallocate statement_under_test").await.expect("it was prepared");
    explained.expect(&statement.sql)
}

/// Adds the tables that a plan reads completely, directly or through an index.
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
    // A sort or an aggregation reads all rows of its input, even below a limit.
    let is_limited = is_limited && !["Sort", "Aggregate", "Hash"].contains(&kind);
    for child in plan["Plans"].as_array().into_iter().flatten() {
        scans(child, is_limited, partial_indexes, found);
    }
}

/// A session with generic plans, which PostgreSQL uses after five executions of a prepared
/// statement.
async fn fill(database: &TestDatabase, fill: &'static str) -> PgConnection {
    let mut connection = database.connect().await;
    sqlx::raw_sql(fill).execute(&mut connection).await.expect("the tables are filled");
    connection.execute("vacuum analyze").await.expect("the tables are analysed");
    connection.execute("set plan_cache_mode = force_generic_plan").await.expect("a setting");
    connection
}

/// Fails with every statement that reads a whole table.
async fn assert_no_full_reads(connection: &mut PgConnection, statements: Vec<Statement>) {
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
    assert_no_full_reads(&mut connection, ["identity", "tasks", "live"].into_iter().flat_map(statements).collect())
        .await;
}

#[tokio::test]
async fn no_query_of_accounting_reads_a_whole_table() {
    let database = harness::accounting().await;
    let mut connection = fill(&database, include_str!("accounting.sql")).await;
    assert_no_full_reads(
        &mut connection,
        ["accounting", "email", "analytics"].into_iter().flat_map(statements).collect(),
    )
    .await;
}

/// A subscriber that ignores its events.
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

/// The kernel's statements contain their schema at run time only, so `.sqlx` does not have them.
/// They are read from the session that has prepared them.
#[tokio::test]
async fn no_query_of_an_inbox_reads_all_applied_events() {
    let database = harness::accounting().await;
    let mut connection = fill(&database, include_str!("accounting.sql")).await;
    let ambient = Ambient::manual("2026-11-02T09:00:00Z".parse().expect("a time"), 11);
    let write = WritePool::new(database.options(), 1, "accounting", ambient);
    let inbox = Inbox::new(Arc::new(Indifferent), write.clone(), RetryPolicy::default());
    assert_eq!(inbox.count_waiting().await.expect("a count"), (0, 0));
    assert_eq!(inbox.count_due().await.expect("a count"), 0);
    assert_eq!(inbox.load_oldest_retry().await.expect("an age"), None);
    assert!(!inbox.retry_next().await.expect("none is due"));
    inbox.list_parked(None, 10).await.expect("a page");
    inbox.prune_applied().await.expect("old events can be deleted");
    let prepared = prepared_statements(&write, "inbox").await;
    assert_eq!(prepared.len(), 6);
    assert_no_full_reads(&mut connection, prepared).await;
}

/// The statements about one table that the session of this pool has prepared.
async fn prepared_statements(write: &WritePool, table: &str) -> Vec<Statement> {
    let prepared = "select statement, parameter_types::text[] from pg_prepared_statements where statement like $1";
    let prepared = sqlx::query_as(prepared).bind(format!("%.{table}%")).fetch_all(write.raw());
    let prepared: Vec<(String, Vec<String>)> = prepared.await.expect("the statements of the session");
    let statement = |(sql, parameters)| Statement { module: "kernel".into(), name: table.into(), sql, parameters };
    prepared.into_iter().map(statement).collect()
}

#[tokio::test]
async fn no_query_of_idempotency_keys_reads_all_of_them() {
    let database = harness::accounting().await;
    let mut connection = fill(&database, include_str!("accounting.sql")).await;
    let ambient = Ambient::manual("2026-11-02T09:00:00Z".parse().expect("a time"), 11);
    let write = WritePool::new(database.options(), 1, "accounting", ambient.clone());
    let person_id = ambient.new_id();
    let request = KeyedRequest::new(&InFlight::default(), person_id, "POST", "/notes", "key", b"").expect("a key");
    let command = async {
        let tx = write.begin_command().await?;
        tx.commit_command(&()).await
    };
    let answered = request.scope(answered(|&()| Answer::json(200, &()), command)).await;
    assert!(answered.is_ok());
    write.prune_idempotency_keys().await.expect("old answers can be deleted");
    let prepared = prepared_statements(&write, "idempotency_keys").await;
    assert_eq!(prepared.len(), 3);
    assert_no_full_reads(&mut connection, prepared).await;
}
