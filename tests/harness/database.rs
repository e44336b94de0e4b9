//! A database for each test, copied from a template that is migrated once.

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

use crate::postgres::postgres_url;

/// Advisory lock of the process that creates a template, so that no two processes create it.
const TEMPLATE_LOCK: i64 = 0x7E57_0001;
/// Maximum number of connections of one pool.
const CONNECTIONS: u32 = 8;
/// The owner of databases that have no other owner.
const SUPERUSER: &str = "postgres";
/// How the superuser stands in the URLs of the server.
const SUPERUSER_IN_URL: &str = "://postgres@";
/// The role in which analytics reads the reports of tasks.
pub const TASKS_REPORT: ModuleRole = ModuleRole::reading("analytics", "tasks_report");
/// The role in which analytics reads the reports of accounting.
pub const ACCOUNTING_REPORT: ModuleRole = ModuleRole::reading("analytics", "accounting_report");

static TRACKER: OnceCell<String> = OnceCell::const_new();
static ACCOUNTING: OnceCell<String> = OnceCell::const_new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A database that is dropped with this value.
pub struct TestDatabase {
    name: String,
    login: String,
}

/// A login role of the server, with the given attributes only.
#[derive(Clone)]
pub struct Login {
    pub name: String,
}

/// A database with the schemas `identity` and `tasks`.
pub async fn tracker() -> TestDatabase {
    let roles = [ModuleRole::owning("identity"), ModuleRole::owning("tasks"), TASKS_REPORT];
    let template = TRACKER.get_or_init(|| create_template("tracker", &roles)).await;
    TestDatabase::copy_of(template).await
}

/// A database with the schemas `accounting` and `email`.
pub async fn accounting() -> TestDatabase {
    let own_report = ModuleRole::reading("accounting", "accounting_report");
    let roles = [ModuleRole::owning("accounting"), ModuleRole::owning("email"), own_report, ACCOUNTING_REPORT];
    let template = ACCOUNTING.get_or_init(|| create_template("accounting", &roles)).await;
    TestDatabase::copy_of(template).await
}

/// A database without schemas.
pub async fn empty_database() -> TestDatabase {
    TestDatabase::copy_of("template0").await
}

impl Login {
    /// Creates a login role with attributes such as `createrole`. It exists until the server ends.
    pub async fn new(attributes: &str) -> Self {
        let name = format!("login_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        run(&mut connect("postgres").await, format!("create role {name} login {attributes}")).await;
        Self { name }
    }

    /// An empty database that this login owns.
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
        // An earlier process with the same id may have been killed before it dropped its database.
        run(&mut server, format!("drop database if exists {name} with (force)")).await;
        run(&mut server, format!("create database {name} template {template} strategy file_copy")).await;
        Self { name, login: SUPERUSER.to_owned() }
    }

    /// A copy of this database, to which nothing may be connected.
    pub async fn copy(&self) -> Self {
        let mut copy = Self::copy_of(&self.name).await;
        copy.login.clone_from(&self.login);
        copy
    }

    /// The URL for the owner of the database.
    #[must_use]
    pub fn url(&self) -> String {
        postgres_url(&self.name).replacen(SUPERUSER_IN_URL, &format!("://{}@", self.login), 1)
    }

    #[must_use]
    pub fn options(&self) -> PgConnectOptions {
        PgConnectOptions::from_str(&self.url()).expect("the server's URLs are valid")
    }

    #[must_use]
    pub fn write_pool(&self, schema: &'static str, ambient: &Ambient) -> WritePool {
        WritePool::new(self.options(), CONNECTIONS, schema, ambient.clone())
    }

    #[must_use]
    pub fn read_pool(&self, schema: &'static str) -> ReadPool {
        ReadPool::new(self.options(), CONNECTIONS, ModuleRole::owning(schema))
    }

    /// A pool in a role that reads the reports of another module.
    #[must_use]
    pub fn report_pool(&self, role: ModuleRole) -> ReadPool {
        ReadPool::new(self.options(), CONNECTIONS, role)
    }

    pub async fn connect_as_owner(&self) -> PgConnection {
        PgConnection::connect(&self.url()).await.expect("the tests' PostgreSQL server answers")
    }

    /// A connection of the superuser, to inspect and to damage the data.
    pub async fn connect(&self) -> PgConnection {
        connect(&self.name).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        // The test's runtime may be ending already, so this uses another one.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut server = connect("postgres").await;
                run(&mut server, format!("drop database if exists {name} with (force)")).await;
            });
        });
        assert!(dropping.join().is_ok() || std::thread::panicking(), "a test's database could not be dropped");
    }
}

async fn connect(database: &str) -> PgConnection {
    PgConnection::connect(&postgres_url(database)).await.expect("the tests' PostgreSQL server answers")
}

async fn run(connection: &mut PgConnection, statement: String) {
    connection.execute(AssertSqlSafe(statement)).await.expect("a statement of the harness succeeds");
}

/// A migrated database to copy from.
///
/// Its name contains a hash of its migrations and roles, so a changed file causes a new template.
async fn create_template(database: &str, roles: &[ModuleRole]) -> String {
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
        create_roles(&unfinished, roles).await;
        run(&mut server, format!("alter database {unfinished} rename to {name}")).await;
    }
    server.close().await.expect("the lock is released");
    name
}

async fn migrate(database: &str, module: &str) {
    let mut migrator = Migrator::new(migrations(module)).await.expect("the migrations can be read");
    migrator.dangerous_set_table_name(format!("{module}.migrations"));
    migrator.create_schema(module.to_owned());
    let mut connection = connect(database).await;
    migrator.run(&mut connection).await.expect("the migrations apply");
    connection.close().await.expect("a template must have no connections");
}

/// Creates the modules' roles: a test has the rights of its module and no others.
async fn create_roles(database: &str, roles: &[ModuleRole]) {
    let mut connection = connect(database).await;
    for role in roles {
        let status = role.provision(&mut connection).await.expect("roles can be created");
        assert!(status.defect.is_none(), "{status:?}");
    }
    connection.close().await.expect("a template must have no connections");
}

fn migrations(module: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(module)
}

fn fingerprint(roles: &[ModuleRole], modules: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{roles:?}").hash(&mut hasher);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../modules/kernel/src/db/role.rs");
    std::fs::read(source).expect("the source of the roles can be read").hash(&mut hasher);
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
