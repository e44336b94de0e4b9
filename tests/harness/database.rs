//! A database a test: copied from a template that has been migrated once.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use kernel::{Ambient, ReadPool, WritePool};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::sync::OnceCell;

use crate::server::postgres_url;

/// Held while a template is made, so that the processes of one run make it once.
const TEMPLATE_LOCK: i64 = 0x7E57_0001;
const CONNECTIONS: u32 = 8;

static TRACKER: OnceCell<String> = OnceCell::const_new();
static ACCOUNTING: OnceCell<String> = OnceCell::const_new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A database that is dropped with this value.
pub struct TestDatabase {
    name: String,
}

/// The schemas `identity` and `tasks`.
pub async fn tracker() -> TestDatabase {
    let template = TRACKER.get_or_init(|| make_template("tracker", &["identity", "tasks"])).await;
    TestDatabase::copy_of(template).await
}

/// The schemas `accounting` and `email`.
pub async fn accounting() -> TestDatabase {
    let template = ACCOUNTING.get_or_init(|| make_template("accounting", &["accounting", "email"])).await;
    TestDatabase::copy_of(template).await
}

/// A database with nothing in it.
pub async fn empty_database() -> TestDatabase {
    TestDatabase::copy_of("template0").await
}

impl TestDatabase {
    async fn copy_of(template: &str) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let mut server = connect("postgres").await;
        // A process of an earlier run may have had the same id and been killed.
        run(&mut server, format!("drop database if exists {name} with (force)")).await;
        run(&mut server, format!("create database {name} template {template} strategy file_copy")).await;
        Self { name }
    }

    #[must_use]
    pub fn url(&self) -> String {
        postgres_url(&self.name)
    }

    #[must_use]
    pub fn options(&self) -> PgConnectOptions {
        PgConnectOptions::from_str(&self.url()).expect("the launcher makes good URLs")
    }

    #[must_use]
    pub fn write_pool(&self, schema: &'static str, ambient: &Ambient) -> WritePool {
        WritePool::new(self.options(), CONNECTIONS, schema, ambient.clone())
    }

    #[must_use]
    pub fn read_pool(&self) -> ReadPool {
        ReadPool::new(self.options(), CONNECTIONS)
    }

    /// A connection past all pools, for looking and for breaking things.
    pub async fn connect(&self) -> PgConnection {
        connect(&self.name).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        // A test's runtime may be ending, so this needs one of its own.
        let drop_it = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut server = connect("postgres").await;
                run(&mut server, format!("drop database if exists {name} with (force)")).await;
            });
        });
        assert!(drop_it.join().is_ok() || std::thread::panicking(), "a test's database could not be dropped");
    }
}

async fn connect(database: &str) -> PgConnection {
    PgConnection::connect(&postgres_url(database)).await.expect("the tests' PostgreSQL answers")
}

async fn run(connection: &mut PgConnection, statement: String) {
    connection.execute(AssertSqlSafe(statement)).await.expect("a statement of the harness works");
}

/// A migrated database to copy from; its name says which migrations it has, so a changed file makes a new one.
async fn make_template(database: &str, modules: &[&str]) -> String {
    let name = format!("template_{database}_{:016x}", fingerprint(modules));
    let mut server = connect("postgres").await;
    sqlx::query("select pg_advisory_lock($1)").bind(TEMPLATE_LOCK).execute(&mut server).await.expect("a lock");
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(&name)
        .fetch_one(&mut server)
        .await
        .expect("the catalogue can be read");
    if !exists {
        let unfinished = format!("unfinished_{name}");
        run(&mut server, format!("drop database if exists {unfinished} with (force)")).await;
        run(&mut server, format!("create database {unfinished}")).await;
        for module in modules {
            migrate(&unfinished, module).await;
        }
        run(&mut server, format!("alter database {unfinished} rename to {name}")).await;
    }
    server.close().await.expect("the lock is given back");
    name
}

async fn migrate(database: &str, module: &str) {
    let mut migrator = Migrator::new(migrations(module)).await.expect("the migrations can be read");
    migrator.dangerous_set_table_name(format!("{module}.migrations"));
    migrator.create_schema(module.to_owned());
    let mut connection = connect(database).await;
    migrator.run(&mut connection).await.expect("the migrations apply");
    connection.close().await.expect("nobody may stay in a template");
}

fn migrations(module: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(module)
}

fn fingerprint(modules: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for module in modules {
        let mut files: Vec<PathBuf> = std::fs::read_dir(migrations(module))
            .expect("the migrations can be listed")
            .map(|entry| entry.expect("the migrations can be listed").path())
            .collect();
        files.sort();
        for file in files {
            (file.file_name(), std::fs::read(&file).expect("a migration can be read")).hash(&mut hasher);
        }
    }
    hasher.finish()
}
