//! The doctor's checks of the databases: their servers, schemas and roles, and what waits for a
//! person.

use kernel::Ambient;
use kernel::db::{EndpointHealth, RoleDefect, RoleStatus, allow_unopened};

use super::check::Check;
use super::servers;
use crate::config::Config;
use crate::databases::{COMMAND_ACQUIRE_TIMEOUT, Database, Databases};
use crate::modules::{ModulePlan, Modules, roles_in};
use crate::startup;

/// Checks every database that this process uses.
pub async fn check(config: &Config, plan: &ModulePlan) -> Vec<Check> {
    let databases =
        match Databases::open(config, |name| plan.access_to(name), &Ambient::system(), COMMAND_ACQUIRE_TIMEOUT).await {
            Ok(databases) => databases,
            Err(error) => {
                let advice = "the log of the server is in the directory postgres of the data directory";
                return vec![Check::failed("embedded PostgreSQL", error.to_string(), advice)];
            }
        };
    let mut checks = Vec::new();
    for database in databases.used() {
        let health = database.health().await;
        let name = format!("database {}", database.name);
        checks.extend(replicas(database));
        checks.push(match (health.reads, health.writes) {
            (true, true) => Check::passed(name, "answers reads and writes"),
            (true, false) => Check::failed(
                name,
                "answers reads, but no writes",
                "check that the primary runs and that write_url is not the URL of a replica",
            ),
            (false, true) => Check::failed(name, "answers writes, but no reads", "check the log of the server"),
            (false, false) => {
                let error = database.unreachable("it does not answer".to_owned()).await;
                Check::failed(name, error.to_string(), "check its write_url, the network and the log of the server")
            }
        });
        if !health.writes {
            continue;
        }
        checks.push(servers::sessions(database).await);
        checks.extend(schemas(plan, database).await);
        checks.extend(roles(database).await);
        checks.extend(servers::durability(database).await);
    }
    let public_url = config.http.public_url(config.http.port);
    match Modules::new(config, &databases, &Ambient::system(), &public_url) {
        Ok(modules) => {
            checks.extend(servers::connections(plan, &databases).await);
            checks.extend(notices(plan, &modules).await);
        }
        Err(error) => checks.push(Check::failed("settings", error.to_string(), "correct the setting")),
    }
    databases.close().await;
    checks
}

fn replicas(database: &Database) -> Vec<Check> {
    let health = database.endpoints().health();
    let check = |(number, found): (usize, &EndpointHealth)| {
        let name = format!("replica {number} of {}", database.name);
        match found {
            EndpointHealth::Healthy => Check::passed(name, "answers reads"),
            EndpointHealth::IsPrimary => Check::passed(name, found.describe()),
            _ => {
                let advice = format!("check databases.{}.read_urls and the log of that server", database.name);
                Check::failed(name, found.describe(), advice)
            }
        }
    };
    (1..).zip(&health.replicas).map(check).collect()
}

/// Checks whether a hosted module waits for a person, such as for the close of a day.
async fn notices(plan: &ModulePlan, modules: &Modules) -> Vec<Check> {
    let mut checks = Vec::new();
    for module in modules.all().iter().filter(|module| plan.hosts(module.name)) {
        let Some(find) = &module.find_notices else { continue };
        let name = format!("state of {}", module.name);
        // A database that does not answer or is not migrated is reported by its own checks.
        let Ok(found) = allow_unopened(find()).await else { continue };
        if found.is_empty() {
            checks.push(Check::passed(name, "needs no person to act"));
        } else {
            checks.extend(found.into_iter().map(|notice| Check::failed(&name, notice.found, notice.advice)));
        }
        if let Some(write) = &module.write {
            write.raw().close().await;
        }
    }
    checks
}

async fn schemas(plan: &ModulePlan, database: &Database) -> Vec<Check> {
    let mut checks = Vec::new();
    let advice = "run `piecework migrate` or `piecework serve`, which both apply the migrations";
    let owned = plan.owned_in(database.name).map(|(entry, schema)| (entry, schema, advice));
    let advice = "start the process that hosts the module, or run `piecework migrate`";
    let read = plan.read_in(database.name).map(|(entry, schema)| (entry, schema, advice));
    for (entry, schema, advice) in owned.chain(read) {
        let name = format!("migrations of {}", entry.name);
        checks.push(match startup::missing(entry.name, schema, database).await {
            Ok(0) => Check::passed(name, "all are applied"),
            Ok(missing) => Check::failed(name, format!("{missing} are not applied"), advice),
            Err(error) => Check::failed(
                name,
                error.to_string(),
                "the database belongs to another version of piecework, or to another program",
            ),
        });
    }
    checks
}

async fn roles(database: &Database) -> Vec<Check> {
    let failed = |error: &dyn std::fmt::Display| {
        Check::failed(format!("roles in {}", database.name), error.to_string(), "check the log of the server")
    };
    let pool = match database.maintenance().await {
        Ok(pool) => pool,
        Err(error) => return vec![failed(&error)],
    };
    let mut checks = Vec::new();
    for role in roles_in(database.name) {
        let standing = match pool.acquire().await {
            Ok(mut connection) => role.check(&mut connection).await,
            Err(error) => Err(error),
        };
        let name = format!("role of {} in {}", role.module, role.schema);
        match standing {
            Ok(RoleStatus { name: role, defect: None, .. }) => checks.push(Check::passed(name, role)),
            // The check of the migrations reports this.
            Ok(RoleStatus { defect: Some(RoleDefect::NotMigrated), .. }) => {}
            Ok(RoleStatus { name: role, defect: Some(RoleDefect::WrongRights), remedy }) => {
                let found = format!("{role}: {}", RoleDefect::WrongRights);
                checks.push(Check::failed(name, found, provide_roles(&remedy)));
            }
            // An installation with one role for all modules is allowed.
            Ok(RoleStatus { name: role, defect: Some(defect), remedy }) => {
                let mut check = Check::passed(
                    name,
                    format!("not used; the module works with the rights of the login: {role}: {defect}"),
                );
                check.advice = (!remedy.is_empty()).then(|| provide_roles(&remedy));
                checks.push(check);
            }
            Err(error) => checks.push(failed(&error)),
        }
    }
    pool.close().await;
    checks
}

fn provide_roles(remedy: &[String]) -> String {
    format!(
        "run `piecework migrate` with a login that may create roles, or run these statements as an administrator first: {}",
        remedy.join("; ")
    )
}
