//! `piecework doctor`: tries every dependency and says what to do about what is wrong.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use kernel::Ambient;
use kernel::db::{Obstacle, Standing};
use serde::Serialize;
use tokio::net::TcpStream;

use super::Context;
use super::output::{print_json, print_line};
use crate::config::{BusKind, Config};
use crate::databases::{COMMAND_PATIENCE, Database, Databases};
use crate::hosting::Hosting;
use crate::modules::roles_in;
use crate::{Error, http, migrations};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Serialize)]
struct Check {
    name: String,
    ok: bool,
    /// What was found, or what is wrong.
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Check {
    fn fine(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self { name: name.into(), ok: true, found: found.into(), advice: None }
    }

    fn wrong(name: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name: name.into(), ok: false, found: found.into(), advice: Some(advice.into()) }
    }
}

pub async fn run(context: &Context) -> Result<(), Error> {
    let config = &context.loaded.config;
    let mut checks = vec![Check::fine("configuration", format!("profile {}", context.loaded.profile))];
    checks.push(data_directory(&config.data_dir));
    if config.databases.tracker.write_url.is_none() {
        checks.push(postgres_programs(config));
    }
    let hosting =
        config.modules.hosting().map_err(|reason| Error::Configuration(format!("modules.hosted {reason}")))?;
    checks.extend(databases(config, &hosting).await);
    checks.push(bus(config).await);
    for module in hosting.left_out() {
        checks.push(elsewhere(config, module).await);
    }
    checks.push(port(config));
    checks.extend(smtp(config).await);
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

fn data_directory(directory: &Path) -> Check {
    let probe = directory.join(format!("doctor-{}", std::process::id()));
    let tried =
        fs::create_dir_all(directory).and_then(|()| fs::write(&probe, b"")).and_then(|()| fs::remove_file(&probe));
    let shown = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    match tried {
        Ok(()) => Check::fine("data directory", format!("{} can be written", shown.display())),
        Err(error) => Check::wrong(
            "data directory",
            format!("{}: {error}", shown.display()),
            "choose another by --data-dir or PIECEWORK__DATA_DIR, or give this user the right to write there",
        ),
    }
}

fn postgres_programs(config: &Config) -> Check {
    match embedded_postgres::find_bin_dir(config.postgres.bin_dir.as_deref().map(Path::new)) {
        Ok(bin_dir) => {
            let version = std::process::Command::new(bin_dir.join("postgres")).arg("--version").output();
            let version =
                version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
            Check::fine("PostgreSQL's programs", format!("{version} in {}", bin_dir.display()))
        }
        Err(error) => Check::wrong(
            "PostgreSQL's programs",
            error.to_string(),
            "install PostgreSQL, name its folder in PIECEWORK__POSTGRES__BIN_DIR, or set the write_url of both databases",
        ),
    }
}

async fn databases(config: &Config, hosting: &Hosting) -> Vec<Check> {
    let databases = match Databases::open(config, hosting, &Ambient::system(), COMMAND_PATIENCE).await {
        Ok(databases) => databases,
        Err(error) => {
            let advice =
                "without it nothing works; the end of the server's log is in the folder postgres of the data directory";
            return vec![Check::wrong("embedded PostgreSQL", error.to_string(), advice)];
        }
    };
    let mut checks = Vec::new();
    for database in databases.used() {
        let health = database.health().await;
        let name = format!("database {}", database.name);
        for (number, found) in (1_usize..).zip(&health.replicas) {
            let name = format!("replica {number} of {}", database.name);
            checks.push(if found == "fit" {
                Check::fine(name, "answers reads")
            } else {
                Check::wrong(name, found, format!("look at databases.{}.read_urls, and at that server", database.name))
            });
        }
        checks.push(match (health.reads, health.writes) {
            (true, true) => Check::fine(name, "takes reads and writes"),
            (true, false) => {
                Check::wrong(name, "takes reads, no writes", "is the primary down, or the write_url that of a replica?")
            }
            (false, true) => Check::wrong(name, "takes writes, no reads", "look at the server's log"),
            (false, false) => {
                Check::wrong(name, "does not answer", "look at its write_url, the network and the server's log")
            }
        });
        if !health.writes {
            continue;
        }
        checks.extend(schemas(hosting, database).await);
        checks.extend(roles(database).await);
    }
    databases.close().await;
    checks
}

async fn schemas(hosting: &Hosting, database: &Database) -> Vec<Check> {
    let mut checks = Vec::new();
    let advice = "run `piecework migrate`, or `piecework serve`, which does so itself";
    let owned = hosting.owned_in(database.name).map(|(entry, home)| (entry, home, advice));
    let advice = "start the process that hosts it, or run `piecework migrate`";
    let read = hosting.read_in(database.name).map(|(entry, home)| (entry, home, advice));
    for (entry, home, advice) in owned.chain(read) {
        let name = format!("migrations of {}", entry.name);
        checks.push(match migrations::missing(home, database).await {
            Ok(0) => Check::fine(name, "all are applied"),
            Ok(missing) => Check::wrong(name, format!("{missing} are not applied"), advice),
            Err(error) => {
                Check::wrong(name, error.to_string(), "is this database one of another version, or not ours?")
            }
        });
    }
    checks
}

/// A module that another process hosts.
async fn elsewhere(config: &Config, module: &str) -> Check {
    let name = format!("module {module}");
    let key = format!("modules.{module}.url");
    let url = match config.modules.url_of(module) {
        Ok(Some(url)) => url,
        Ok(None) => return Check::wrong(name, "is not hosted here", format!("set {key}: its routes answer 503 here")),
        Err(reason) => return Check::wrong(name, format!("{key} {reason}"), "mend it"),
    };
    match http::modules_at(&url).await {
        Ok(modules) if modules.iter().any(|hosted| hosted == module) => {
            Check::fine(name, format!("is hosted at {url}"))
        }
        Ok(modules) => {
            let found = format!("is not hosted at {url}; there are {}", modules.join(", "));
            Check::wrong(name, found, format!("set {key} to a process that hosts it"))
        }
        Err(reason) => {
            Check::wrong(name, format!("{url}: {reason}"), "its routes answer 503 here until that process is there")
        }
    }
}

async fn roles(database: &Database) -> Vec<Check> {
    let failed = |error: &dyn std::fmt::Display| {
        Check::wrong(format!("roles in {}", database.name), error.to_string(), "look at the server's log")
    };
    let pool = match database.maintenance().await {
        Ok(pool) => pool,
        Err(error) => return vec![failed(&error)],
    };
    let mut checks = Vec::new();
    for role in roles_in(database.name) {
        let standing = match pool.acquire().await {
            Ok(mut connection) => role.look(&mut connection).await,
            Err(error) => Err(error),
        };
        let name = format!("role of {} in {}", role.module, role.schema);
        match standing {
            Ok(Standing { name: role, obstacle: None, .. }) => checks.push(Check::fine(name, role)),
            // Said of the migrations already.
            Ok(Standing { obstacle: Some(Obstacle::NotMigrated), .. }) => {}
            Ok(Standing { name: role, obstacle: Some(Obstacle::Unequal), remedy }) => {
                let found = format!("{role}: {}", Obstacle::Unequal);
                checks.push(Check::wrong(name, found, provide_roles(&remedy)));
            }
            // A set-up with one role for everything is a choice.
            Ok(Standing { name: role, obstacle: Some(obstacle), remedy }) => {
                let mut check =
                    Check::fine(name, format!("none, it works with all rights of the login: {role}: {obstacle}"));
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
        "`piecework migrate` does so if its login may; else, as an administrator and before it: {}",
        remedy.join("; ")
    )
}

fn port(config: &Config) -> Check {
    let (host, port) = (config.http.host.as_str(), config.http.port);
    let name = format!("address {host}:{port}");
    match TcpListener::bind((host, port)) {
        Ok(_) => Check::fine(name, "is free"),
        Err(error) => Check::wrong(
            name,
            error.to_string(),
            "fine if `piecework serve` is running; otherwise choose another by PIECEWORK__HTTP__PORT",
        ),
    }
}

async fn bus(config: &Config) -> Check {
    let address = match (config.bus.kind, config.bus.address()) {
        (BusKind::Broadcast, _) => return Check::fine("bus", "events travel within this process"),
        (BusKind::RabbitMq, Ok(address)) => address,
        (BusKind::RabbitMq, Err(reason)) => return Check::wrong("bus", format!("bus.amqp_url {reason}"), "set it"),
    };
    let name = format!("broker {}", address.place());
    match address.check().await {
        Ok(()) => Check::fine(name, "lets us in"),
        Err(reason) => Check::wrong(
            name,
            reason,
            "look at bus.amqp_url (user, password, virtual host) and the broker's log; events wait in their outboxes meanwhile",
        ),
    }
}

async fn smtp(config: &Config) -> Option<Check> {
    if config.email.transport != email::Transport::Smtp {
        return Some(Check::fine("mail", "is written to files"));
    }
    let url = config.email.smtp_url.as_deref().unwrap_or_default();
    let Some((host, port)) = smtp_address(url) else {
        return Some(Check::wrong(
            "mail",
            "email.smtp_url is not set or no URL",
            "smtp://host, smtps://host or smtp://host?tls=required",
        ));
    };
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect((host.as_str(), port))).await;
    let name = format!("mail server {host}:{port}");
    Some(match connected {
        Ok(Ok(_)) => Check::fine(name, "can be reached"),
        Ok(Err(error)) => Check::wrong(name, error.to_string(), "mail waits in the queue until it can be reached"),
        Err(_) => Check::wrong(name, "does not answer", "mail waits in the queue until it does"),
    })
}

/// Host and port of an SMTP URL.
fn smtp_address(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let usual_port = match (scheme, url.contains("tls=required")) {
        ("smtps", _) => 465,
        ("smtp", true) => 587,
        ("smtp", false) => 25,
        _ => return None,
    };
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.rsplit('@').next()?;
    match host.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            Some((host.trim_matches(['[', ']']).to_owned(), port.parse().ok()?))
        }
        _ if host.is_empty() => None,
        _ => Some((host.trim_matches(['[', ']']).to_owned(), usual_port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_of_a_mail_server() {
        let address = |url| smtp_address(url).map(|(host, port)| format!("{host} {port}"));
        assert_eq!(address("smtp://mail.example.org").as_deref(), Some("mail.example.org 25"));
        assert_eq!(address("smtp://me:hush@mail.example.org:2525/").as_deref(), Some("mail.example.org 2525"));
        assert_eq!(address("smtps://me@mail.example.org").as_deref(), Some("mail.example.org 465"));
        assert_eq!(address("smtp://mail.example.org?tls=required").as_deref(), Some("mail.example.org 587"));
        assert_eq!(address("smtp://[::1]:25").as_deref(), Some("::1 25"));
        assert_eq!(address("http://mail.example.org"), None);
        assert_eq!(address(""), None);
    }
}
