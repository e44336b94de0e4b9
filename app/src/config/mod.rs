//! The settings: `config/default.toml` < the profile's file < the environment < options of the command line.
//!
//! The files are compiled in. `default.toml` names every key, so whatever is not in there is unknown, and its values say of
//! which type a variable of the environment has to be.

mod modules;
mod secrets;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use ::config::{ConfigError, File, FileFormat, Source};
use kernel::inbox::RetryPolicy;
use serde::Deserialize;

use crate::bus::Address;
use crate::hosting::Use;
use crate::modules::TABLE;
pub use modules::Modules;
use secrets::hide_secrets;
use sources::{Known, Overlay, drop_unset};

const DEFAULTS: &str = include_str!("../../../config/default.toml");
const PROFILES: [(&str, &str); 3] = [
    ("development", include_str!("../../../config/development.toml")),
    ("test", include_str!("../../../config/test.toml")),
    ("production", include_str!("../../../config/production.toml")),
];
const PROFILE_VARIABLE: &str = "PIECEWORK_PROFILE";

/// Everything that can be set; what each key means is said in `config/default.toml`. It holds secrets: not to be logged.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub data_dir: PathBuf,
    pub http: Http,
    pub modules: Modules,
    pub postgres: Postgres,
    pub databases: Databases,
    pub bus: Bus,
    pub events: RetryPolicy,
    pub auth: identity::Settings,
    pub tasks: tasks::Settings,
    pub accounting: accounting::Settings,
    pub email: email::Settings,
    pub telemetry: Telemetry,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    pub host: String,
    pub port: u16,
    public_url: Option<String>,
    pub request_timeout_ms: u64,
    pub shutdown_timeout_ms: u64,
    pub workers: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    pub bin_dir: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Databases {
    pub tracker: Database,
    pub accounting: Database,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    pub write_url: Option<String>,
    pub read_urls: Vec<String>,
    pub write_connections: u32,
    pub read_connections: u32,
    pub max_lag_ms: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bus {
    pub kind: BusKind,
    pub amqp_url: Option<String>,
    pub prefix: String,
}

impl Bus {
    /// Where the broker is.
    ///
    /// # Errors
    /// What is wrong with `bus.amqp_url`.
    pub fn address(&self) -> Result<Address, &'static str> {
        let url = self.amqp_url.as_deref();
        url.map_or(
            Err("is not set, and `bus.kind` rabbitmq needs it, such as amqp://piecework:secret@mq1/%2f"),
            Address::parse,
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BusKind {
    Broadcast,
    RabbitMq,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    pub log: String,
    pub format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

impl Http {
    /// Where people find us when we listen on `port`, without a slash at the end.
    #[must_use]
    pub fn public_url(&self, port: u16) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            // Nobody can go to "every address of this machine".
            None if matches!(self.host.as_str(), "0.0.0.0" | "::") => format!("http://127.0.0.1:{port}"),
            None if self.host.contains(':') => format!("http://[{}]:{port}", self.host),
            None => format!("http://{}:{port}", self.host),
        }
    }
}

/// A setting that cannot be used; the text names it and where it came from.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{variable}: there is no profile `{profile}`; there are {}", profile_names())]
    UnknownProfile { variable: &'static str, profile: String },
    #[error("{origin}: there is no setting `{key}`{}", nearest.as_ref().map(|key| format!("; did you mean `{key}`?")).unwrap_or_default())]
    UnknownKey { key: String, origin: String, nearest: Option<String> },
    #[error("{origin}: `{key}` {reason}")]
    Invalid { key: String, origin: String, reason: String },
    #[error(transparent)]
    Unreadable(#[from] ConfigError),
}

/// An option of the command line that overrides a setting.
#[derive(Debug, Clone)]
pub struct Override {
    /// As it is typed, such as `--data-dir`.
    pub option: &'static str,
    /// Such as `data_dir`.
    pub key: &'static str,
    pub value: String,
}

/// The settings, and how they look in print.
#[derive(Clone)]
pub struct Loaded {
    pub config: Config,
    pub profile: String,
    /// The whole as a tree, secrets hidden.
    pub shown: serde_json::Value,
}

/// Reads the environment of this process.
///
/// # Errors
/// The first thing that is wrong.
pub fn load(overrides: &[Override]) -> Result<Loaded, Error> {
    // The one place that reads it; names and values that are not text cannot be ours.
    let environment =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    load_from(&environment.collect(), overrides)
}

/// The same for a given environment: what tests call.
///
/// # Errors
/// The first thing that is wrong.
pub fn load_from(environment: &BTreeMap<String, String>, overrides: &[Override]) -> Result<Loaded, Error> {
    let profile = environment.get(PROFILE_VARIABLE).map_or("development", String::as_str).to_owned();
    let Some((_, profile_text)) = PROFILES.iter().find(|(name, _)| *name == profile) else {
        return Err(Error::UnknownProfile { variable: PROFILE_VARIABLE, profile });
    };
    let known = Known::read()?;
    let overlay = known.overlay(environment, overrides)?;
    let merged = ::config::Config::builder()
        .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
        .add_source(File::from_str(profile_text, FileFormat::Toml))
        .add_source(overlay.clone())
        .build()?;
    let mut set = merged.collect()?;
    drop_unset(&mut set);
    let set = ::config::Config::builder().add_source(Overlay(set)).build()?;
    let config: Config = set.try_deserialize().map_err(|error| overlay.explain(error))?;
    let mut shown: serde_json::Value = merged.try_deserialize()?;
    hide_secrets("", &mut shown);
    config.check()?;
    Ok(Loaded { config, profile, shown })
}

impl Config {
    /// What the types alone do not say.
    fn check(&self) -> Result<(), Error> {
        let invalid = |key: &str, reason: &str| {
            Err(Error::Invalid { key: key.to_owned(), origin: "settings".to_owned(), reason: reason.to_owned() })
        };
        let (tracker, accounting) = (&self.databases.tracker, &self.databases.accounting);
        for (name, database) in [("tracker", tracker), ("accounting", accounting)] {
            if database.write_url.is_none() && !database.read_urls.is_empty() {
                return invalid(&format!("databases.{name}.read_urls"), "needs a write_url beside it");
            }
            let urls = database
                .write_url
                .iter()
                .map(|url| ("write_url", url))
                .chain(database.read_urls.iter().map(|url| ("read_urls", url)));
            for (key, url) in urls {
                if let Err(error) = url.parse::<sqlx::postgres::PgConnectOptions>() {
                    // The text of the error does not hold the URL, which may hold a password.
                    return invalid(&format!("databases.{name}.{key}"), &format!("is no PostgreSQL URL: {error}"));
                }
            }
            if database.write_connections < WRITE_CONNECTIONS_MIN {
                let reason =
                    format!("is at least {WRITE_CONNECTIONS_MIN}: some are held while commands or events keep coming");
                return invalid(&format!("databases.{name}.write_connections"), &reason);
            }
            if database.read_connections == 0 {
                return invalid(&format!("databases.{name}.read_connections"), "is at least 1");
            }
            if !(1..=MAX_LAG_LIMIT_MS).contains(&database.max_lag_ms) {
                return invalid(&format!("databases.{name}.max_lag_ms"), "is 1 to 3600000, an hour");
            }
        }
        if self.bus.kind == BusKind::RabbitMq
            && let Err(reason) = self.bus.address()
        {
            return invalid("bus.amqp_url", reason);
        }
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        if !self.bus.prefix.chars().all(is_plain) || self.bus.prefix.len() > PREFIX_LENGTH_MAX {
            return invalid("bus.prefix", "is up to 100 letters, digits, dots, dashes and underscores");
        }
        if self.events.max_attempts == 0 {
            return invalid("events.max_attempts", "is at least 1");
        }
        if self.http.request_timeout_ms == 0 {
            return invalid("http.request_timeout_ms", "is at least 1");
        }
        if self.http.public_url.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://"))
        {
            return invalid("http.public_url", "begins with http:// or https://");
        }
        self.check_modules()
    }

    /// Whether what this process hosts, its databases and its bus go together.
    fn check_modules(&self) -> Result<(), Error> {
        let invalid = |key: &str, reason: String| {
            Err(Error::Invalid { key: key.to_owned(), origin: "settings".to_owned(), reason })
        };
        for entry in &TABLE {
            if let Err(reason) = self.modules.url_of(entry.name) {
                return invalid(&format!("modules.{}.url", entry.name), reason);
            }
        }
        let hosting = match self.modules.hosting() {
            Ok(hosting) => hosting,
            Err(reason) => return invalid("modules.hosted", reason),
        };
        let urls =
            [("tracker", &self.databases.tracker.write_url), ("accounting", &self.databases.accounting.write_url)];
        let left_out = hosting.left_out();
        if left_out.is_empty() {
            return match urls.iter().find(|(_, url)| url.is_none()) {
                Some((missing, _)) if urls.iter().any(|(_, url)| url.is_some()) => {
                    invalid(&format!("databases.{missing}.write_url"), ONE_OF_TWO.to_owned())
                }
                _ => Ok(()),
            };
        }
        if self.bus.kind == BusKind::Broadcast {
            let left_out = left_out.join(", ");
            return invalid(
                "bus.kind",
                format!(
                    "is broadcast, which reaches nobody outside of this process, and `modules.hosted` leaves out {left_out}: \
                     set it to rabbitmq (`--bus rabbitmq`) with bus.amqp_url, or host all modules"
                ),
            );
        }
        for (database, url) in urls {
            let why = match hosting.uses(database) {
                Use::Nothing => continue,
                Use::Works => "modules that are hosted here live there",
                Use::Reads => "this process reads there, if only to check tokens (a role that may only read will do)",
            };
            if url.is_none() {
                return invalid(
                    &format!("databases.{database}.write_url"),
                    format!("is not set, and {why}; the embedded PostgreSQL is for a process that hosts all modules"),
                );
            }
        }
        Ok(())
    }
}

/// Where the primary was when is remembered for so long.
const MAX_LAG_LIMIT_MS: u64 = 3_600_000;
/// Three kinds of commands, the relay with a batch ahead, an inbox, and one for all else.
const WRITE_CONNECTIONS_MIN: u32 = 7;
/// Names on a broker have at most 255 bytes, and the longest of ours begins with this.
const PREFIX_LENGTH_MAX: usize = 100;
const ONE_OF_TWO: &str = "is not set, but that of the other database is: set both, or none for the embedded PostgreSQL";

fn profile_names() -> String {
    PROFILES.map(|(name, _)| name).join(", ")
}
