//! What each setting alone may be, as far as its type does not say so.

use super::error::Error;
use super::postgres_url::parse_postgres_url;
use super::public_url::{check_collector_url, check_origin, check_public_url};
use super::settings::{Bus, Config, Database, DatabaseName, Http, Limits, Telemetry};

/// The longest lag that a replica may be allowed, in milliseconds. The positions of the primary are
/// remembered for that long.
const LAG_LIMIT_MS_MAX: u64 = 3_600_000;
/// The smallest pool that a module can write with: three kinds of commands, the relay with a batch
/// ahead, an inbox, and one connection for everything else.
const WRITE_CONNECTIONS_MIN: u32 = 7;
/// Number of connections to read that a verification holds in one module.
const READ_CONNECTIONS_MIN: u32 = 3;
/// The longest time for which a process that stops may still serve requests, in milliseconds.
const DRAIN_MS_MAX: u64 = 600_000;
/// The highest limit. A bucket is refilled by at least a microsecond at a time.
const LIMIT_MAX: u32 = 1_000_000;
/// Maximum length of the prefix on the broker. Names there have at most 255 bytes.
const PREFIX_LENGTH_MAX: usize = 100;

/// Checks every setting.
///
/// # Errors
/// The first value that is not allowed.
pub fn check(config: &Config) -> Result<(), Error> {
    for (name, database) in config.databases.iter() {
        check_database(name, database)?;
    }
    check_bus(&config.bus)?;
    if config.events.max_attempts == 0 {
        return Err(Error::invalid("events.max_attempts", "is at least 1"));
    }
    check_http(&config.http)?;
    check_limits(config.limits)?;
    check_telemetry(&config.telemetry)?;
    config.modules.check()
}

fn check_database(name: DatabaseName, database: &Database) -> Result<(), Error> {
    let invalid = |key: &str, reason: String| Err(Error::invalid(format!("databases.{name}.{key}"), reason));
    let write_urls = database.write_url.iter().map(|url| ("write_url", url));
    for (key, url) in write_urls.chain(database.read_urls.iter().map(|url| ("read_urls", url))) {
        match parse_postgres_url(url) {
            Err(reason) => return invalid(key, reason),
            Ok(servers) if key == "read_urls" && servers.len() > 1 => {
                return invalid(key, "is a list of URLs: each names one host".to_owned());
            }
            Ok(_) => {}
        }
    }
    if database.write_connections < WRITE_CONNECTIONS_MIN {
        let reason = "some are held while commands or events keep coming";
        return invalid("write_connections", format!("is at least {WRITE_CONNECTIONS_MIN}: {reason}"));
    }
    if database.read_connections < READ_CONNECTIONS_MIN {
        let reason = "a verification reads several tables at once";
        return invalid("read_connections", format!("is at least {READ_CONNECTIONS_MIN}: {reason}"));
    }
    if !(1..=LAG_LIMIT_MS_MAX).contains(&database.max_lag_ms) {
        return invalid("max_lag_ms", format!("is 1 to {LAG_LIMIT_MS_MAX}, an hour"));
    }
    Ok(())
}

fn check_bus(bus: &Bus) -> Result<(), Error> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if !bus.prefix.chars().all(is_plain) || bus.prefix.len() > PREFIX_LENGTH_MAX {
        let reason = format!("is up to {PREFIX_LENGTH_MAX} letters, digits, dots, dashes and underscores");
        return Err(Error::invalid("bus.prefix", reason));
    }
    Ok(())
}

fn check_http(http: &Http) -> Result<(), Error> {
    if http.request_timeout_ms == 0 {
        return Err(Error::invalid("http.request_timeout_ms", "is at least 1"));
    }
    if http.client_timeout_ms == 0 {
        return Err(Error::invalid("http.client_timeout_ms", "is at least 1"));
    }
    if http.max_connections == 0 {
        return Err(Error::invalid("http.max_connections", "is at least 1"));
    }
    if http.drain_ms > DRAIN_MS_MAX {
        return Err(Error::invalid("http.drain_ms", format!("is at most {DRAIN_MS_MAX}, ten minutes")));
    }
    http.trusted_networks()?;
    for origin in &http.allowed_origins {
        check_origin(origin).map_err(|reason| Error::invalid("http.allowed_origins", reason))?;
    }
    let checked = http.public_url.as_deref().map_or(Ok(()), check_public_url);
    checked.map_err(|reason| Error::invalid("http.public_url", reason))
}

fn check_telemetry(telemetry: &Telemetry) -> Result<(), Error> {
    telemetry.metrics_address()?;
    let checked = telemetry.otlp_url.as_deref().map_or(Ok(()), check_collector_url);
    checked.map_err(|reason| Error::invalid("telemetry.otlp_url", reason))?;
    if !(0.0..=1.0).contains(&telemetry.trace_sample_ratio) {
        return Err(Error::invalid("telemetry.trace_sample_ratio", "is a number from 0 to 1"));
    }
    Ok(())
}

fn check_limits(limits: Limits) -> Result<(), Error> {
    let Limits {
        failed_logins_per_address_per_minute,
        failed_logins_per_account_per_hour,
        password_resets_per_address_per_hour,
        commands_per_person_per_minute,
        created_tasks_per_person_per_minute,
        unfinished_reassigns_per_person,
        event_streams_per_person,
    } = limits;
    let all = [
        ("failed_logins_per_address_per_minute", failed_logins_per_address_per_minute),
        ("failed_logins_per_account_per_hour", failed_logins_per_account_per_hour),
        ("password_resets_per_address_per_hour", password_resets_per_address_per_hour),
        ("commands_per_person_per_minute", commands_per_person_per_minute),
        ("created_tasks_per_person_per_minute", created_tasks_per_person_per_minute),
        ("unfinished_reassigns_per_person", unfinished_reassigns_per_person),
        ("event_streams_per_person", event_streams_per_person),
    ];
    match all.into_iter().find(|(_, limit)| *limit > LIMIT_MAX) {
        Some((key, _)) => {
            Err(Error::invalid(format!("limits.{key}"), format!("is at most {LIMIT_MAX}; 0 is no limit")))
        }
        None => Ok(()),
    }
}
