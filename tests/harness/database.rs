//! A database a test: copied from a template that has been migrated once.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use kernel::db::ModuleRole;
use kernel::{Ambient, ReadPool, WritePool};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::sync::OnceCell;

use crate::server::postgres_url;

/// Held while a template is made, so that the processes of one run make it once.
const TEMPLATE_LOCK: i64 = 0x7E57_0001;
const CONNECTIONS: u32 = 8;
const SUPERUSER: &str = "postgres";
const SUPERUSER_IN_URL: &str = "://postgres@";
/// How analytics reads what others publish.
pub const TASKS_REPORT: ModuleRole = ModuleRole::reading("analytics", "tasks_report");
pub const ACCOUNTING_REPORT: ModuleRole = ModuleRole::reading("analytics", "accounting_report");

static TRACKER: OnceCell<String> = OnceCell::const_new();
static ACCOUNTING: OnceCell<String> = OnceCell::const_new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A database that is dropped with this value.
pub struct TestDatabase {
    name: String,
    login: String,
}

/// Somebody who may log in, and no more than what was said.
#[derive(Clone)]
pub struct Login {
    pub name: String,
}

/// The schemas `identity` and `tasks`.
pub async fn tracker() -> TestDatabase {
    let roles = [ModuleRole::owning("identity"), ModuleRole::owning("tasks"), TASKS_REPORT];
    let template = TRACKER.get_or_init(|| make_template("tracker", &roles)).await;
    TestDatabase::copy_of(template).await
}

/// The schemas `accounting` and `email`.
pub async fn accounting() -> TestDatabase {
    let own_report = ModuleRole::reading("accounting", "accounting_report");
    let roles = [ModuleRole::owning("accounting"), ModuleRole::owning("email"), own_report, ACCOUNTING_REPORT];
    let template = ACCOUNTING.get_or_init(|| make_template("accounting", &roles)).await;
    TestDatabase::copy_of(template).await
}

/// A database with nothing in it.
pub async fn empty_database() -> TestDatabase {
    TestDatabase::copy_of("template0").await
}

impl Login {
    /// With attributes such as `createrole`, or none. It stays until the tests' server goes.
    pub async fn new(attributes: &str) -> Self {
        let name = format!("login_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        run(&mut connect("postgres").await, format!("create role {name} login {attributes}")).await;
        Self { name }
    }

    /// An empty database of his.
    pub async fn database(&self) -> TestDatabase {
        let mut database = empty_database().await;
        database.login.clone_from(&self.name);
        run(&mut connect("postgres").await, format!("alter database {} owner to {}", database.name, self.name)).await;
        database
    }
}

impl TestDatabase {
    async fn copy_of(template: &str) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let mut server = connect("postgres").await;
        // A process of an earlier run may have had the same id and been killed.
        run(&mut server, format!("drop database if exists {name} with (force)")).await;
        run(&mut server, format!("create database {name} template {template} strategy file_copy")).await;
        Self { name, login: SUPERUSER.to_owned() }
    }

    /// For who owns the database.
    #[must_use]
    pub fn url(&self) -> String {
        postgres_url(&self.name).replacen(SUPERUSER_IN_URL, &format!("://{}@", self.login), 1)
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
    pub fn read_pool(&self, schema: &'static str) -> ReadPool {
        ReadPool::new(self.options(), CONNECTIONS, ModuleRole::owning(schema))
    }

    /// For what other modules publish.
    #[must_use]
    pub fn report_pool(&self, role: ModuleRole) -> ReadPool {
        ReadPool::new(self.options(), CONNECTIONS, role)
    }

    pub async fn connect_as_owner(&self) -> PgConnection {
        PgConnection::connect(&self.url()).await.expect("the tests' PostgreSQL answers")
    }

    /// A superuser's connection past all pools, for looking and for breaking things.
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

/// A migrated database to copy from; its name says which migrations and roles it has, so a changed file makes a new one.
async fn make_template(database: &str, roles: &[ModuleRole]) -> String {
    let modules: Vec<&str> = roles.iter().filter(|role| role.module == role.schema).map(|role| role.module).collect();
    let name = format!("template_{database}_{:016x}", fingerprint(roles, &modules));
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
        for module in &modules {
            migrate(&unfinished, module).await;
        }
        give_roles(&unfinished, roles).await;
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

/// So that a module's tests can do no more than the module.
async fn give_roles(database: &str, roles: &[ModuleRole]) {
    let mut connection = connect(database).await;
    for role in roles {
        let standing = role.provide(&mut connection).await.expect("roles can be made");
        assert!(standing.obstacle.is_none(), "{standing:?}");
    }
    connection.close().await.expect("nobody may stay in a template");
}

fn migrations(module: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(module)
}

fn fingerprint(roles: &[ModuleRole], modules: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{roles:?}").hash(&mut hasher);
    let maker = Path::new(env!("CARGO_MANIFEST_DIR")).join("../modules/kernel/src/db/role.rs");
    std::fs::read(maker).expect("what makes roles can be read").hash(&mut hasher);
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
