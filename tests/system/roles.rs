//! PostgreSQL separates the modules: the role of each can use its own schema only (invariant 3).

use futures_util::future::join_all;
use harness::{Company, Login, MORNING, TestApp, TestDatabase, TestEnvironment};
use kernel::Ambient;
use kernel::db::{ModuleRole, RoleDefect};
use piecework::config::DatabaseName;
use piecework::databases::{COMMAND_ACQUIRE_TIMEOUT, DatabaseAccess, Databases};
use piecework::{modules, startup};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor};

/// PostgreSQL's error code for a missing right.
const PERMISSION_DENIED: &str = "42501";

/// Both databases, with the roles of the modules in each.
fn roles(environment: &TestEnvironment) -> [(&TestDatabase, Vec<ModuleRole>); 2] {
    [
        (&environment.tracker, modules::roles_in(DatabaseName::Tracker)),
        (&environment.accounting, modules::roles_in(DatabaseName::Accounting)),
    ]
}

/// The defect of each role, if it cannot be used.
async fn defects(environment: &TestEnvironment) -> Vec<Option<RoleDefect>> {
    let mut defects = Vec::new();
    for (database, roles) in roles(environment) {
        let mut owner = database.connect_as_owner().await;
        for role in roles {
            defects.push(role.check(&mut owner).await.unwrap().defect);
        }
    }
    defects
}

async fn run(connection: &mut PgConnection, statement: String) {
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
}

/// Whether the session has the right to run the statement.
async fn may(connection: &mut PgConnection, statement: String) -> bool {
    match connection.execute(AssertSqlSafe(statement.clone())).await {
        Ok(_) => true,
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(PERMISSION_DENIED) => false,
        Err(error) => panic!("{statement}: {error}"),
    }
}

/// Every table and view, except those of PostgreSQL: its schema, its name, and whether it is a
/// table.
async fn relations(connection: &mut PgConnection) -> Vec<(String, String, bool)> {
    let relations = sqlx::query_as(
        "select relnamespace::regnamespace::text, relname::text, relkind = 'r'
         from pg_class
         where relkind in ('r', 'v') and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
         order by 1, 2",
    );
    relations.fetch_all(connection).await.unwrap()
}

const APPEND_ONLY: [&str; 4] = ["transfers", "day_seals", "withdrawals", "audit_records"];

#[tokio::test]
async fn the_role_of_a_module_can_use_its_own_schema_and_published_reports_only() {
    let app = TestApp::new().await;
    let (mut allowed, mut refused) = (0, 0);
    for (database, roles) in roles(&app.environment) {
        let mut connection = database.connect().await;
        let relations = relations(&mut connection).await;
        for role in &roles {
            let name = role.check(&mut connection).await.unwrap().name;
            run(&mut connection, format!("set role {name}")).await;
            // Accounting reads its own reports.
            let is_published = |schema: &str| {
                schema.ends_with("_report") && ["analytics", "accounting", "live"].contains(&role.module)
            };
            for (schema, relation, is_table) in &relations {
                let is_its_own = schema == role.module && relation != "migrations";
                let reads = may(&mut connection, format!("select from {schema}.{relation} limit 1")).await;
                assert_eq!(reads, is_its_own || is_published(schema), "{name} reads {schema}.{relation}");
                if *is_table {
                    let deletes = may(&mut connection, format!("delete from {schema}.{relation} where false")).await;
                    // The ledger, its seals and withdrawals, and the audit trail are append-only.
                    let may_delete = is_its_own && !APPEND_ONLY.contains(&relation.as_str());
                    assert_eq!(deletes, may_delete, "{name} deletes from {schema}.{relation}");
                }
                *if reads { &mut allowed } else { &mut refused } += 1;
            }
            run(&mut connection, "reset role".to_owned()).await;
        }
    }
    assert!(allowed > 30 && refused > 60, "{allowed} reads were allowed, {refused} refused");
    app.stop().await;
}

#[tokio::test]
async fn every_pool_of_the_application_is_in_its_modules_role() {
    let company = Company::new().await;
    let task = company.create("To be reported").await;
    company.complete(&task).await;
    for (module, path) in [
        (ModuleRole::owning("identity"), "/people"),
        (ModuleRole::owning("tasks"), "/tasks"),
        (ModuleRole::owning("accounting"), "/wallets"),
        (ModuleRole::owning("email"), "/admin/emails"),
        (harness::TASKS_REPORT, "/analytics/top-tasks?period=day&date=2026-11-02"),
        (harness::ACCOUNTING_REPORT, "/analytics/summary"),
    ] {
        assert_role_is_used(&company, module, path).await;
    }
    company.finish().await;
}

/// Asserts that reads and writes need the rights of the role, although the login has all rights.
async fn assert_role_is_used(company: &Company, role: ModuleRole, path: &str) {
    let environment = &company.system.environment;
    let (database, _) = roles(environment).into_iter().find(|(_, roles)| roles.contains(&role)).unwrap();
    let mut connection = database.connect().await;
    let name = role.check(&mut connection).await.unwrap().name;
    company.admin.api.read(path).await;
    run(&mut connection, format!("revoke select on all tables in schema {} from {name}", role.schema)).await;
    company.admin.api.get(path).await.expect_problem(500, "internal_error");
    if role.module == role.schema {
        // The status counts the outbox of each module, over its pool for writes.
        let error = company.system.application.status.modules().await.unwrap_err();
        let kernel::DbError::Sql(sqlx::Error::Database(error)) = error else { panic!("{error:?}") };
        assert_eq!(error.code().as_deref(), Some(PERMISSION_DENIED), "{name}");
    }
    let status = role.provision(&mut connection).await.unwrap();
    assert_eq!(status.defect, None, "{name}");
    company.admin.api.read(path).await;
}

#[tokio::test]
async fn databases_of_one_server_can_be_migrated_at_the_same_time() {
    let login = Login::new("createrole").await;
    let environments = join_all((0..4).map(|_| TestEnvironment::owned_by(&login))).await;
    // Two processes migrate each environment.
    let migrate = |environment: &TestEnvironment| {
        let config = environment.config();
        async move {
            let access_to = |_| DatabaseAccess::ReadWrite;
            let databases =
                Databases::open(&config, access_to, &Ambient::system(), COMMAND_ACQUIRE_TIMEOUT).await.unwrap();
            startup::migrate(&databases).await.unwrap();
            databases.close().await;
        }
    };
    join_all(environments.iter().chain(&environments).map(migrate)).await;
    for environment in &environments {
        assert_eq!(defects(environment).await, [None; 9]);
    }
    // No step needs a superuser.
    let [environment, ..] = <[TestEnvironment; 4]>::try_from(environments).ok().unwrap();
    let company = Company::hire(environment.start(MORNING).await).await;
    assert_role_is_used(&company, ModuleRole::owning("tasks"), "/tasks").await;
    company.finish().await;
}

#[tokio::test]
async fn a_login_without_the_right_to_create_roles_works_in_its_own_role() {
    let login = Login::new("").await;
    let environment = TestEnvironment::owned_by(&login).await;
    // A role of that name which is not a module's.
    run(
        &mut environment.tracker.connect().await,
        format!("create role {0}_tasks login; grant {0}_tasks to {0}", login.name),
    )
    .await;
    let company = Company::hire(environment.start(MORNING).await).await;
    let task = company.create("In one role").await;
    company.complete(&task).await;
    let mut expected = [Some(RoleDefect::Missing); 9];
    expected[1] = Some(RoleDefect::Foreign);
    assert_eq!(defects(&company.system.environment).await, expected);
    company.finish().await;
}

#[tokio::test]
async fn roles_that_an_administrator_has_created_are_used() {
    let login = Login::new("").await;
    let environment = TestEnvironment::owned_by(&login).await;
    for module in ["identity", "tasks", "accounting", "email", "analytics", "live"] {
        let make = format!("create role {0}_{module}; grant {0}_{module} to {0}", login.name);
        run(&mut environment.tracker.connect().await, make).await;
    }
    let company = Company::hire(environment.start(MORNING).await).await;
    assert_eq!(defects(&company.system.environment).await, [None; 9]);
    assert_role_is_used(&company, ModuleRole::owning("accounting"), "/wallets").await;
    company.finish().await;
}
