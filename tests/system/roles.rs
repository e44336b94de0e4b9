//! PostgreSQL itself keeps the modules apart: each works in a role of its own, which sees its own schema only (invariant 3).

use futures_util::future::join_all;
use harness::{Login, TestDatabase};
use kernel::Ambient;
use kernel::db::{ModuleRole, Obstacle};
use piecework::databases::{COMMAND_PATIENCE, Databases};
use piecework::hosting::Hosting;
use piecework::{migrations, modules};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor};

use crate::support::{Company, Ground, MORNING, World};

const PERMISSION_DENIED: &str = "42501";

/// Both databases, with the roles that modules have there.
fn roles(ground: &Ground) -> [(&TestDatabase, Vec<ModuleRole>); 2] {
    [(&ground.tracker, modules::roles_in("tracker")), (&ground.accounting, modules::roles_in("accounting"))]
}

async fn obstacles(ground: &Ground) -> Vec<Option<Obstacle>> {
    let mut obstacles = Vec::new();
    for (database, roles) in roles(ground) {
        let mut owner = database.connect_as_owner().await;
        for role in roles {
            obstacles.push(role.look(&mut owner).await.unwrap().obstacle);
        }
    }
    obstacles
}

async fn run(connection: &mut PgConnection, statement: String) {
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
}

/// Whether the connection may do this.
async fn may(connection: &mut PgConnection, statement: String) -> bool {
    match connection.execute(AssertSqlSafe(statement.clone())).await {
        Ok(_) => true,
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(PERMISSION_DENIED) => false,
        Err(error) => panic!("{statement}: {error}"),
    }
}

/// Every table and view that is not the server's own: schema, name, whether it is a table.
async fn relations(connection: &mut PgConnection) -> Vec<(String, String, bool)> {
    let relations = sqlx::query_as(
        "select relnamespace::regnamespace::text, relname::text, relkind = 'r'
         from pg_class
         where relkind in ('r', 'v') and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
         order by 1, 2",
    );
    relations.fetch_all(connection).await.unwrap()
}

#[tokio::test]
async fn a_modules_role_touches_nothing_but_its_own() {
    let world = World::new().await;
    let (mut allowed, mut refused) = (0, 0);
    for (database, roles) in roles(&world.ground) {
        let mut connection = database.connect().await;
        let relations = relations(&mut connection).await;
        for role in &roles {
            let name = role.look(&mut connection).await.unwrap().name;
            run(&mut connection, format!("set role {name}")).await;
            // Accounting reckons with its own reports.
            let is_published =
                |schema: &str| schema.ends_with("_report") && ["analytics", "accounting"].contains(&role.module);
            for (schema, relation, is_table) in &relations {
                let is_its_own = schema == role.module && relation != "migrations";
                let reads = may(&mut connection, format!("select from {schema}.{relation} limit 1")).await;
                assert_eq!(reads, is_its_own || is_published(schema), "{name} reads {schema}.{relation}");
                if *is_table {
                    let deletes = may(&mut connection, format!("delete from {schema}.{relation} where false")).await;
                    // The ledger is append-only.
                    let may_delete = is_its_own && relation != "transfers";
                    assert_eq!(deletes, may_delete, "{name} deletes from {schema}.{relation}");
                }
                *if reads { &mut allowed } else { &mut refused } += 1;
            }
            run(&mut connection, "reset role".to_owned()).await;
        }
    }
    assert!(allowed > 30 && refused > 60, "{allowed} reads were allowed, {refused} refused");
    world.stop().await;
}

#[tokio::test]
async fn every_pool_of_a_running_system_is_in_its_modules_role() {
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
        takes_its_role(&company, module, path).await;
    }
    company.finish().await;
}

/// Without the role's rights nothing goes, although the login has them all.
async fn takes_its_role(company: &Company, role: ModuleRole, path: &str) {
    let ground = &company.world.ground;
    let (database, _) = roles(ground).into_iter().find(|(_, roles)| roles.contains(&role)).unwrap();
    let mut connection = database.connect().await;
    let name = role.look(&mut connection).await.unwrap().name;
    company.admin.api.read(path).await;
    run(&mut connection, format!("revoke select on all tables in schema {} from {name}", role.schema)).await;
    company.admin.api.get(path).await.expect_problem(500, "internal_error");
    if role.module == role.schema {
        // Asks the outbox of each module, over its pool to write.
        let error = company.world.application.state.modules().await.unwrap_err().into_database_error().unwrap();
        assert_eq!(error.code().as_deref(), Some(PERMISSION_DENIED), "{name}");
    }
    let standing = role.provide(&mut connection).await.unwrap();
    assert_eq!(standing.obstacle, None, "{name}");
    company.admin.api.read(path).await;
}

#[tokio::test]
async fn databases_of_one_server_are_migrated_at_the_same_time() {
    let login = Login::new("createrole").await;
    let grounds = join_all((0..4).map(|_| Ground::of(&login))).await;
    // Each by two processes.
    let migrate = |ground: &Ground| {
        let config = ground.config();
        async move {
            let databases =
                Databases::open(&config, &Hosting::all(), &Ambient::system(), COMMAND_PATIENCE).await.unwrap();
            migrations::migrate(&databases).await.unwrap();
            databases.close().await;
        }
    };
    join_all(grounds.iter().chain(&grounds).map(migrate)).await;
    for ground in &grounds {
        assert_eq!(obstacles(ground).await, [None; 7]);
    }
    // Nothing of this needs a superuser.
    let [ground, ..] = <[Ground; 4]>::try_from(grounds).ok().unwrap();
    let company = Company::in_world(ground.start(MORNING).await).await;
    takes_its_role(&company, ModuleRole::owning("tasks"), "/tasks").await;
    company.finish().await;
}

#[tokio::test]
async fn a_login_that_may_make_no_roles_does_everything_itself() {
    let login = Login::new("").await;
    let ground = Ground::of(&login).await;
    // Somebody else's, which happens to have such a name.
    run(
        &mut ground.tracker.connect().await,
        format!("create role {0}_tasks login; grant {0}_tasks to {0}", login.name),
    )
    .await;
    let company = Company::in_world(ground.start(MORNING).await).await;
    let task = company.create("In one role").await;
    company.complete(&task).await;
    let mut expected = [Some(Obstacle::Missing); 7];
    expected[1] = Some(Obstacle::Foreign);
    assert_eq!(obstacles(&company.world.ground).await, expected);
    company.finish().await;
}

#[tokio::test]
async fn roles_that_an_administrator_has_made_are_taken() {
    let login = Login::new("").await;
    let ground = Ground::of(&login).await;
    for module in ["identity", "tasks", "accounting", "email", "analytics"] {
        let make = format!("create role {0}_{module}; grant {0}_{module} to {0}", login.name);
        run(&mut ground.tracker.connect().await, make).await;
    }
    let company = Company::in_world(ground.start(MORNING).await).await;
    assert_eq!(obstacles(&company.world.ground).await, [None; 7]);
    takes_its_role(&company, ModuleRole::owning("accounting"), "/wallets").await;
    company.finish().await;
}
