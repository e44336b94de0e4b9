//! `piecework doctor`: checks every dependency and gives advice about those that do not work.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use kernel::Ambient;
use kernel::db::{RoleDefect, RoleStatus, allow_unopened};
use serde::Serialize;

use super::context::Context;
use super::output::{print_json, print_line};
use crate::config::{BusKind, Config};
use crate::databases::{COMMAND_ACQUIRE_TIMEOUT, Database, Databases};
use crate::modules::{ModulePlan, Modules, roles_in};
use crate::{Error, bus, data_directory, http, startup};

/// The result of one check.
#[derive(Debug, Serialize)]
struct Check {
    name: String,
    ok: bool,
    /// The state of the dependency.
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Check {
    fn passed(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self { name: name.into(), ok: true, found: found.into(), advice: None }
    }

    fn failed(name: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name: name.into(), ok: false, found: found.into(), advice: Some(advice.into()) }
    }
}

/// Runs all checks and prints them. It fails if any check fails.
pub async fn run(context: &Context) -> Result<(), Error> {
    let config = &context.loaded.config;
    let mut checks = vec![Check::passed("configuration", format!("profile {}", context.loaded.profile))];
    checks.push(check_data_directory(&config.data_dir));
    if config.databases.tracker.write_url.is_none() {
        checks.push(postgres_programs(config));
    }
    let plan = ModulePlan::from_settings(config)?;
    checks.extend(databases(config, &plan).await);
    checks.push(broker(config).await);
    for module in plan.remote() {
        checks.push(remote(&plan, module).await);
    }
    checks.push(port(config));
    checks.push(mail_server(config).await);
    checks.push(single_sign_on(config).await);
    let failed = checks.iter().filter(|check| !check.ok).count();
    if context.json {
        print_json(&checks)?;
    } else {
        for check in &checks {
            print_line(&format!("{}  {}: {}", if check.ok { "ok  " } else { "FAIL" }, check.name, check.found))?;
            if let Some(advice) = &check.advice {
                print_line(&format!("      {advice}"))?;
            }
        }
    }
    if failed == 0 { Ok(()) } else { Err(Error::Failed(format!("{failed} of {} checks failed", checks.len()))) }
}

fn check_data_directory(directory: &Path) -> Check {
    let probe = directory.join(format!("doctor-{}", std::process::id()));
    let tried =
        data_directory::create(directory).and_then(|()| fs::write(&probe, b"")).and_then(|()| fs::remove_file(&probe));
    let shown = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    match tried {
        Ok(()) => Check::passed("data directory", format!("{} is writable", shown.display())),
        Err(error) => Check::failed(
            "data directory",
            format!("{}: {error}", shown.display()),
            "choose another directory by --data-dir or PIECEWORK__DATA_DIR, or allow this user to write to it",
        ),
    }
}

fn postgres_programs(config: &Config) -> Check {
    match embedded_postgres::find_bin_dir(config.postgres.bin_dir.as_deref().map(Path::new)) {
        Ok(bin_dir) => {
            let version = std::process::Command::new(bin_dir.join("postgres")).arg("--version").output();
            let version =
                version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
            Check::passed("PostgreSQL's programs", format!("{version} in {}", bin_dir.display()))
        }
        Err(error) => Check::failed(
            "PostgreSQL's programs",
            error.to_string(),
            "install PostgreSQL, set PIECEWORK__POSTGRES__BIN_DIR to its directory, or set the write_url of both databases",
        ),
    }
}

async fn databases(config: &Config, plan: &ModulePlan) -> Vec<Check> {
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
        for (number, found) in (1_usize..).zip(&health.replicas) {
            let name = format!("replica {number} of {}", database.name);
            checks.push(if found == "healthy" {
                Check::passed(name, "answers reads")
            } else {
                Check::failed(
                    name,
                    found,
                    format!("check databases.{}.read_urls and the log of that server", database.name),
                )
            });
        }
        checks.push(match (health.reads, health.writes) {
            (true, true) => Check::passed(name, "answers reads and writes"),
            (true, false) => Check::failed(
                name,
                "answers reads, but no writes",
                "check that the primary runs and that write_url is not the URL of a replica",
            ),
            (false, true) => Check::failed(name, "answers writes, but no reads", "check the log of the server"),
            (false, false) => {
                Check::failed(name, "does not answer", "check its write_url, the network and the log of the server")
            }
        });
        if !health.writes {
            continue;
        }
        checks.extend(schemas(plan, database).await);
        checks.extend(roles(database).await);
    }
    checks.extend(notices(config, plan, &databases).await);
    databases.close().await;
    checks
}

/// Checks whether a hosted module waits for a person, such as for the close of a day.
async fn notices(config: &Config, plan: &ModulePlan, databases: &Databases) -> Vec<Check> {
    let public_url = config.http.public_url(config.http.port);
    let modules = match Modules::new(config, databases, &Ambient::system(), &public_url) {
        Ok(modules) => modules,
        Err(error) => return vec![Check::failed("settings", error.to_string(), "correct the setting")],
    };
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

/// Checks a module that another process hosts.
async fn remote(plan: &ModulePlan, module: &str) -> Check {
    let name = format!("module {module}");
    let key = format!("modules.{module}.url");
    let Some(url) = plan.url_of(module) else {
        return Check::failed(
            name,
            "is not hosted by this process",
            format!("set {key}; without it, the routes of the module answer 503"),
        );
    };
    match http::fetch_hosted_modules(url).await {
        Ok(modules) if modules.iter().any(|hosted| hosted == module) => {
            Check::passed(name, format!("is hosted at {url}"))
        }
        Ok(modules) => {
            let found = format!("is not hosted at {url}, which hosts {}", modules.join(", "));
            Check::failed(name, found, format!("set {key} to the URL of a process that hosts the module"))
        }
        Err(reason) => Check::failed(
            name,
            format!("{url}: {reason}"),
            "the routes of the module answer 503 until that process runs",
        ),
    }
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

fn port(config: &Config) -> Check {
    let (host, port) = (config.http.host(), config.http.port);
    let name = format!("address {host}:{port}");
    match TcpListener::bind((host, port)) {
        Ok(_) => Check::passed(name, "is free"),
        Err(error) => Check::failed(
            name,
            error.to_string(),
            "this is normal while `piecework serve` runs; otherwise choose another port by PIECEWORK__HTTP__PORT",
        ),
    }
}

async fn broker(config: &Config) -> Check {
    let address = match (config.bus.kind, config.bus.address()) {
        (BusKind::Broadcast, _) => return Check::passed("bus", "events are delivered within this process"),
        (BusKind::RabbitMq, Ok(address)) => address,
        (BusKind::RabbitMq, Err(error)) => return Check::failed("bus", error.to_string(), "correct the setting"),
    };
    let name = format!("broker {}", address.host_and_port());
    match bus::check(&address).await {
        Ok(()) => Check::passed(name, "accepts the connection"),
        Err(reason) => Check::failed(
            name,
            reason,
            "check bus.amqp_url (user, password, virtual host), bus.amqp_ca_file and the log of the broker; events wait in the outboxes",
        ),
    }
}

async fn mail_server(config: &Config) -> Check {
    let public_url = config.http.public_url(config.http.port);
    match email::Email::probe_mail_server(&config.email, &public_url).await {
        Ok(None) => Check::passed("mail", "is written to files"),
        Ok(Some(server)) => Check::passed(format!("mail server {server}"), "accepts the login and the sender"),
        Err(reason) => Check::failed(
            "mail server",
            reason,
            "check email.smtp_url, email.smtp_ca_file, email.helo_name and email.from; mails wait in the queue",
        ),
    }
}

async fn single_sign_on(config: &Config) -> Check {
    let public_url = config.http.public_url(config.http.port);
    match identity::Identity::probe_sso(&config.sso, &public_url).await {
        Ok(false) => Check::passed("single sign-on", "is off"),
        Ok(true) => Check::passed("single sign-on", "the provider answers with its addresses and keys"),
        Err(reason) => Check::failed(
            "single sign-on",
            reason,
            "check sso.issuer and the network; people with a password can log in until the provider answers",
        ),
    }
}
