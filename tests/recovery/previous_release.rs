//! The present program beside the previous release: on its data, on its migrations, and on a schema
//! that its statements still fit.
//!
//! The folder `previous_release` has what `.ci/keep-release` kept when that release landed: a dump
//! of each database of a small company, and every checked statement with its types.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use harness::{TestDatabase, empty_database};
use kernel::Ambient;
use kernel::db::ModuleRole;
use piecework::config::DatabaseName;
use piecework::modules::{self, CATALOGUE};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgStatement};
use sqlx::{AssertSqlSafe, Column, Executor, Postgres, Row, Statement as _};

use crate::dumps;
use crate::installation::{Installation, People};

/// Tables whose rows are not kept. A private key does not belong into a repository, and the program
/// makes a new one.
const LEFT_OUT: [&str; 1] = ["identity.signing_keys"];

/// The checked statements of a release.
#[derive(Serialize, Deserialize)]
struct Release {
    version: String,
    statements: Vec<Statement>,
}

/// A checked statement, and the types that the program reads and writes by it.
#[derive(Serialize, Deserialize)]
struct Statement {
    module: String,
    query: String,
    parameters: Value,
    /// The name and the type of each column.
    columns: Value,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/recovery/previous_release")
}

fn dump_of(database: DatabaseName) -> PathBuf {
    folder().join(format!("{database}.sql"))
}

impl Release {
    fn previous() -> Self {
        serde_json::from_str(&std::fs::read_to_string(folder().join("statements.json")).unwrap()).unwrap()
    }

    /// The statements of the source tree, as `.ci/prepare-queries` has checked them.
    fn present() -> Self {
        let mut statements = Vec::new();
        for entry in &CATALOGUE {
            let checked = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../modules/{}/.sqlx", entry.name));
            let mut files: Vec<PathBuf> =
                std::fs::read_dir(checked).unwrap().map(|file| file.unwrap().path()).collect();
            files.sort();
            for file in files {
                let checked: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
                let described = &checked["describe"];
                let columns = described["columns"].as_array().unwrap().iter();
                statements.push(Statement {
                    module: entry.name.to_owned(),
                    query: checked["query"].as_str().unwrap().to_owned(),
                    parameters: described["parameters"]["Left"].clone(),
                    columns: columns.map(|column| json!([column["name"], column["type_info"]])).collect(),
                });
            }
        }
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), statements }
    }

    /// A statement a line.
    fn write(&self) {
        let lines: Vec<String> =
            self.statements.iter().map(|statement| serde_json::to_string(statement).unwrap()).collect();
        let text = format!("{{\"version\":\"{}\",\"statements\":[\n{}\n]}}\n", self.version, lines.join(",\n"));
        std::fs::write(folder().join("statements.json"), text).unwrap();
    }
}

impl Statement {
    /// The database and the role in which the module sends the statement.
    fn role(&self) -> (DatabaseName, ModuleRole) {
        let entry = modules::entry(&self.module).unwrap();
        if let Some(schema) = &entry.schema {
            return (schema.database, ModuleRole::owning(entry.name));
        }
        let reads = |(_, role): &(DatabaseName, ModuleRole)| self.query.contains(&format!("{}.", role.schema));
        // A statement on no view fits each database that the module reads.
        entry.report_roles().find(reads).or_else(|| entry.report_roles().next()).unwrap()
    }

    /// Why the previous release cannot use the statement in this session.
    async fn defect(&self, session: &mut PgConnection) -> Option<String> {
        let prepared = session.prepare(sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(self.query.as_str())));
        let prepared: PgStatement = match prepared.await {
            Ok(prepared) => prepared,
            Err(error) => return Some(error.to_string()),
        };
        let parameters = json!(prepared.parameters().unwrap().left());
        let columns: Value =
            prepared.columns().iter().map(|column| json!([column.name(), column.type_info()])).collect();
        if (&parameters, &columns) != (&self.parameters, &self.columns) {
            return Some(format!(
                "takes {parameters} and returns {columns}, not {} and {}",
                self.parameters, self.columns
            ));
        }
        self.refusal(session, prepared.parameters().unwrap().left().map_or(0, <[_]>::len)).await
    }

    /// Plans the statement, because PostgreSQL checks the rights of the role then.
    async fn refusal(&self, session: &mut PgConnection, parameters: usize) -> Option<String> {
        if ["set ", "lock "].iter().any(|verb| self.query.trim_start().starts_with(verb)) {
            return None;
        }
        let nulls = if parameters == 0 { String::new() } else { format!("({})", vec!["null"; parameters].join(", ")) };
        let plan = format!("prepare kept as {}; explain execute kept {nulls}; deallocate kept", self.query);
        sqlx::raw_sql(AssertSqlSafe(plan)).execute(session).await.err().map(|error| error.to_string())
    }
}

impl Installation {
    /// The installation that the previous release has left.
    async fn of_previous_release() -> Self {
        let (tracker, accounting) = tokio::join!(restored(DatabaseName::Tracker), restored(DatabaseName::Accounting));
        Self::on(tracker, accounting)
    }

    fn database(&self, name: DatabaseName) -> &TestDatabase {
        match name {
            DatabaseName::Tracker => &self.tracker,
            DatabaseName::Accounting => &self.accounting,
        }
    }

    /// A session of a module.
    async fn session(&self, database: DatabaseName, role: ModuleRole) -> PoolConnection<Postgres> {
        let database = self.database(database);
        let mut session = if role.module == role.schema {
            database.write_pool(role.schema, &Ambient::system()).acquire().await.unwrap()
        } else {
            database.report_pool(role).acquire().await.unwrap()
        };
        let user: String = sqlx::query_scalar("select current_user").fetch_one(&mut *session).await.unwrap();
        assert!(user.ends_with(&format!("_{}", role.module)), "{user} is not the role of {}", role.module);
        session
    }
}

async fn restored(name: DatabaseName) -> TestDatabase {
    let database = empty_database().await;
    let dump = std::fs::read_to_string(dump_of(name)).unwrap();
    sqlx::raw_sql(AssertSqlSafe(dump)).execute(&mut database.connect().await).await.unwrap();
    database
}

#[tokio::test]
async fn the_program_takes_over_from_the_previous_release() {
    let installation = Installation::of_previous_release().await;
    let before = installation.totals().await;
    installation.command(&["migrate"]).await.ok();
    assert_eq!(installation.totals().await, before);

    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    let tasks = people.manager.read_all("/tasks?status=completed", 200).await.len();
    assert!(tasks > 0, "the completed tasks are lost");
    people.work(4).await;
    server.stop().await;
    installation.assert_verified().await;
    assert_eq!(installation.totals().await.of("tasks"), before.of("tasks") + 4);
}

#[tokio::test]
async fn the_statements_of_the_previous_release_are_valid_on_the_present_schema() {
    let installation = Installation::of_previous_release().await;
    installation.command(&["migrate"]).await.ok();
    let mut sessions = HashMap::new();
    let mut defects = String::new();
    let release = Release::previous();
    assert!(!release.statements.is_empty());
    for statement in &release.statements {
        let (database, role) = statement.role();
        let session = match sessions.entry((role.module, role.schema)) {
            Entry::Occupied(session) => session.into_mut(),
            Entry::Vacant(place) => place.insert(installation.session(database, role).await),
        };
        if let Some(defect) = statement.defect(session).await {
            write!(defects, "\n{}: {defect}\n{}", statement.module, statement.query).unwrap();
        }
    }
    assert!(defects.is_empty(), "a process of the previous release would fail:{defects}");

    // And it may start again.
    let numbers = |version: &str| version.split('.').map(|part| part.parse::<u64>().unwrap()).collect::<Vec<_>>();
    for (module, schema) in CATALOGUE.iter().filter_map(|entry| Some((entry.name, entry.schema.as_ref()?))) {
        let mut connection = installation.database(schema.database).connect().await;
        let oldest = format!("select {module}.oldest_program()");
        let oldest: String = sqlx::query_scalar(AssertSqlSafe(oldest)).fetch_one(&mut connection).await.unwrap();
        assert!(numbers(&oldest) <= numbers(&release.version), "{module} refuses a program before {oldest}");
    }
}

#[tokio::test]
async fn the_migrations_of_the_previous_release_are_unchanged() {
    let installation = Installation::of_previous_release().await;
    for (module, schema) in CATALOGUE.iter().filter_map(|entry| Some((entry.name, entry.schema.as_ref()?))) {
        let mut connection = installation.database(schema.database).connect().await;
        let applied = format!("select version, checksum from {module}.migrations");
        let applied = sqlx::query(AssertSqlSafe(applied)).fetch_all(&mut connection).await.unwrap();
        assert!(!applied.is_empty());
        for row in applied {
            let version: i64 = row.get("version");
            let present = schema.migrator.iter().find(|migration| migration.version == version);
            let present = present.unwrap_or_else(|| panic!("{module} has lost its migration {version}"));
            let checksum: Vec<u8> = row.get("checksum");
            assert_eq!(&*present.checksum, checksum, "the migration {version} of {module} was edited after it landed");
        }
    }
}

#[tokio::test]
#[ignore = "writes the files that the other tests read: `.ci/keep-release` runs it"]
async fn keep_this_release() {
    let installation = Installation::with_people().await;
    let server = installation.serve().await;
    let people = People::log_in(&server).await;
    people.work(6).await;
    assert!(people.close_day().await > 0, "nobody is paid");
    people.work(6).await;
    server.stop().await;
    installation.assert_verified().await;
    for name in [DatabaseName::Tracker, DatabaseName::Accounting] {
        let options = ["--inserts", "--rows-per-insert=100", "--no-owner", "--no-privileges", "--no-comments"];
        let left_out = LEFT_OUT.map(|table| format!("--exclude-table-data={table}"));
        let file = dump_of(name);
        let target = [format!("--file={}", file.display()), installation.database(name).url()];
        dumps::run("pg_dump", [&options.map(str::to_owned)[..], &left_out, &target].concat()).await;
        // Commands of psql, and a setting that servers before PostgreSQL 17 do not have.
        let dump = std::fs::read_to_string(&file).unwrap();
        let is_sql = |line: &&str| !line.starts_with('\\') && !line.starts_with("SET transaction_timeout");
        let lines: Vec<&str> = dump.lines().filter(is_sql).collect();
        std::fs::write(file, lines.join("\n") + "\n").unwrap();
    }
    Release::present().write();
}
