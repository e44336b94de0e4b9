//! `piecework doctor`: checks every dependency and gives advice about those that do not work.

mod check;
mod databases;
mod servers;

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use self::check::Check;
use super::context::Context;
use super::output::{print_json, print_line};
use crate::config::{BusKind, Config};
use crate::modules::ModulePlan;
use crate::runtime::traces;
use crate::{Error, bus, data_directory, http};

/// Runs all checks and prints them. It fails if any check fails. A warning is no failure.
pub async fn run(context: &Context) -> Result<(), Error> {
    let config = &context.loaded.config;
    let mut checks = vec![Check::passed("configuration", format!("profile {}", context.loaded.profile))];
    checks.push(check_data_directory(&config.data_dir));
    if config.databases.tracker.write_url.is_none() {
        checks.push(postgres_programs(config));
    }
    let plan = ModulePlan::from_settings(config)?;
    checks.extend(databases::check(config, &plan).await);
    checks.push(broker(config).await);
    for module in plan.remote() {
        checks.push(remote(&plan, module).await);
    }
    checks.push(port(config));
    checks.extend(metrics_port(config));
    checks.push(mail_server(config).await);
    checks.push(single_sign_on(config).await);
    checks.push(traces(config).await);
    let failed = checks.iter().filter(|check| !check.ok).count();
    if context.json {
        print_json(&checks)?;
    } else {
        for check in &checks {
            print_line(&format!("{}  {}: {}", check.mark(), check.name, check.found))?;
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

fn port(config: &Config) -> Check {
    free("PIECEWORK__HTTP__PORT", config.http.host(), config.http.port)
}

/// Checks the address of the metrics, if that is one of its own.
fn metrics_port(config: &Config) -> Option<Check> {
    let (host, port) = config.telemetry.metrics_address().ok()??;
    Some(free("PIECEWORK__TELEMETRY__METRICS_LISTEN", host, port))
}

fn free(setting: &str, host: &str, port: u16) -> Check {
    let name = format!("address {host}:{port}");
    match TcpListener::bind((host, port)) {
        Ok(_) => Check::passed(name, "is free"),
        Err(error) => Check::failed(
            name,
            error.to_string(),
            format!("this is normal while `piecework serve` runs; otherwise choose another port by {setting}"),
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

async fn traces(config: &Config) -> Check {
    let Some(url) = &config.telemetry.otlp_url else { return Check::passed("traces", "are off") };
    let name = format!("collector of traces {url}");
    match traces::probe(url).await {
        Ok(()) => Check::passed(name, "takes spans"),
        // Nothing that people do depends on it.
        Err(reason) => {
            Check::warned(name, reason, "check telemetry.otlp_url and the collector; until then spans are lost")
        }
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
