//! The settings: `config/default.toml` < the profile's file < the environment < options of the command line.
//!
//! The files are compiled in. `default.toml` names every key, so whatever is not in there is unknown, and its values say of
//! which type a variable of the environment has to be.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ::config::{ConfigError, File, FileFormat, Map, Source, Value, ValueKind};
use kernel::inbox::RetryPolicy;
use serde::Deserialize;

const DEFAULTS: &str = include_str!("../../config/default.toml");
const PROFILES: [(&str, &str); 3] = [
    ("development", include_str!("../../config/development.toml")),
    ("test", include_str!("../../config/test.toml")),
    ("production", include_str!("../../config/production.toml")),
];
const PROFILE_VARIABLE: &str = "PIECEWORK_PROFILE";
const PREFIX: &str = "PIECEWORK__";
/// Variables that begin like settings do and are none.
const OTHER_PREFIX: &str = "PIECEWORK_";
/// Parts of the names of settings that nobody but the program may see.
const SECRET_NAMES: [&str; 4] = ["password", "secret", "token", "private"];

/// Everything that can be set; what each key means is said in `config/default.toml`. It holds secrets: not to be logged.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub data_dir: PathBuf,
    pub http: Http,
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
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bus {
    pub kind: BusKind,
    pub amqp_url: Option<String>,
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
    let environment = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    load_from(environment.collect(), overrides)
}

/// The same for a given environment: what tests call.
///
/// # Errors
/// The first thing that is wrong.
pub fn load_from(environment: BTreeMap<String, String>, overrides: &[Override]) -> Result<Loaded, Error> {
    let profile = environment.get(PROFILE_VARIABLE).map_or("development", String::as_str).to_owned();
    let Some((_, profile_text)) = PROFILES.iter().find(|(name, _)| *name == profile) else {
        return Err(Error::UnknownProfile { variable: PROFILE_VARIABLE, profile });
    };
    let known = Known::read()?;
    let overlay = known.overlay(&environment, overrides)?;
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
        let invalid = |key: &str, reason: &str| Err(Error::Invalid { key: key.to_owned(), origin: "settings".to_owned(), reason: reason.to_owned() });
        let (tracker, accounting) = (&self.databases.tracker, &self.databases.accounting);
        match (&tracker.write_url, &accounting.write_url) {
            (Some(_), None) => return invalid("databases.accounting.write_url", ONE_OF_TWO),
            (None, Some(_)) => return invalid("databases.tracker.write_url", ONE_OF_TWO),
            _ => {}
        }
        for (name, database) in [("tracker", tracker), ("accounting", accounting)] {
            if database.write_url.is_none() && !database.read_urls.is_empty() {
                return invalid(&format!("databases.{name}.read_urls"), "needs a write_url beside it");
            }
            let urls = database.write_url.iter().map(|url| ("write_url", url)).chain(database.read_urls.iter().map(|url| ("read_urls", url)));
            for (key, url) in urls {
                if let Err(error) = url.parse::<sqlx::postgres::PgConnectOptions>() {
                    // The text of the error does not hold the URL, which may hold a password.
                    return invalid(&format!("databases.{name}.{key}"), &format!("is no PostgreSQL URL: {error}"));
                }
            }
            if database.write_connections == 0 || database.read_connections == 0 {
                return invalid(&format!("databases.{name}"), "needs at least one connection to write and one to read");
            }
        }
        if self.events.max_attempts == 0 {
            return invalid("events.max_attempts", "is at least 1");
        }
        if self.http.request_timeout_ms == 0 {
            return invalid("http.request_timeout_ms", "is at least 1");
        }
        if self.http.public_url.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            return invalid("http.public_url", "begins with http:// or https://");
        }
        Ok(())
    }
}

const ONE_OF_TWO: &str = "is not set, but that of the other database is: set both, or none for the embedded PostgreSQL";

/// The keys of `default.toml` with their values.
struct Known(BTreeMap<String, Value>);

impl Known {
    fn read() -> Result<Self, Error> {
        let mut keys = BTreeMap::new();
        for (key, value) in File::from_str(DEFAULTS, FileFormat::Toml).collect()? {
            flatten(key, value, &mut keys);
        }
        Ok(Self(keys))
    }

    fn overlay(&self, environment: &BTreeMap<String, String>, overrides: &[Override]) -> Result<Overlay, Error> {
        let mut overlay = Overlay::default();
        for (name, text) in environment {
            if name == PROFILE_VARIABLE || !name.starts_with(OTHER_PREFIX) {
                continue;
            }
            let origin = format!("environment variable {name}");
            let Some(path) = name.strip_prefix(PREFIX) else {
                // Those that cargo-sqlx is told of while developing.
                if matches!(name.as_str(), "PIECEWORK_TRACKER_URL" | "PIECEWORK_ACCOUNTING_URL") {
                    continue;
                }
                return Err(self.unknown(&name[OTHER_PREFIX.len()..].to_lowercase(), origin));
            };
            self.put(&mut overlay, &path.to_lowercase().replace("__", "."), text, origin)?;
        }
        for one in overrides {
            self.put(&mut overlay, one.key, &one.value, format!("option {}", one.option))?;
        }
        Ok(overlay)
    }

    fn put(&self, overlay: &mut Overlay, key: &str, text: &str, origin: String) -> Result<(), Error> {
        let Some(default) = self.0.get(key) else { return Err(self.unknown(key, origin)) };
        let kind = match &default.kind {
            ValueKind::Boolean(_) => text.parse().map(ValueKind::Boolean).map_err(|_| "is true or false"),
            ValueKind::I64(_) => text.parse().map(ValueKind::I64).map_err(|_| "is a whole number"),
            ValueKind::Array(_) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                Ok(ValueKind::Array(parts.map(|part| Value::new(Some(&origin), part)).collect()))
            }
            _ => Ok(ValueKind::String(text.to_owned())),
        };
        match kind {
            Ok(kind) => {
                overlay.0.insert(key.to_owned(), Value::new(Some(&origin), kind));
                Ok(())
            }
            Err(reason) => Err(Error::Invalid { key: key.to_owned(), origin, reason: reason.to_owned() }),
        }
    }

    fn unknown(&self, key: &str, origin: String) -> Error {
        let distance = |known: &&String| edit_distance(known, key);
        let nearest = self.0.keys().min_by_key(distance).filter(|known| edit_distance(known, key) <= 3).cloned();
        Error::UnknownKey { key: key.to_owned(), origin, nearest }
    }
}

/// Values by dotted key, for the merge.
#[derive(Debug, Clone, Default)]
struct Overlay(Map<String, Value>);

impl Overlay {
    /// Names the key and the source of a value that is not of its type.
    fn explain(&self, error: ConfigError) -> Error {
        let (key, reason) = match error {
            ConfigError::Type { key: Some(key), unexpected, expected, .. } => (key, format!("is {unexpected}, and should be {expected}")),
            ConfigError::At { key: Some(key), error, .. } => (key, format!("cannot be used: {error}")),
            other => return other.into(),
        };
        let origin = self.0.get(&key).and_then(Value::origin).unwrap_or("settings").to_owned();
        Error::Invalid { key, origin, reason }
    }
}

impl Source for Overlay {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

fn flatten(key: String, value: Value, keys: &mut BTreeMap<String, Value>) {
    match value.kind {
        ValueKind::Table(table) => {
            for (name, value) in table {
                flatten(format!("{key}.{name}"), value, keys);
            }
        }
        _ => {
            keys.insert(key, value);
        }
    }
}

fn profile_names() -> String {
    PROFILES.map(|(name, _)| name).join(", ")
}

/// Takes out what is "": not set. An optional setting is then `None`, any other is missed.
fn drop_unset(table: &mut Map<String, Value>) {
    table.retain(|_, value| !matches!(&value.kind, ValueKind::String(text) if text.is_empty()));
    for value in table.values_mut() {
        if let ValueKind::Table(table) = &mut value.kind {
            drop_unset(table);
        }
    }
}

/// How many letters have to be changed to get from one word to the other.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in right.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

fn hide_secrets(name: &str, value: &mut serde_json::Value) {
    use serde_json::Value::{Array, Object, String};
    match value {
        Object(fields) => fields.iter_mut().for_each(|(name, value)| hide_secrets(name, value)),
        Array(items) => items.iter_mut().for_each(|item| hide_secrets(name, item)),
        String(text) => {
            if !text.is_empty() && (name == "keys" || SECRET_NAMES.iter().any(|secret| name.contains(secret))) {
                "(hidden)".clone_into(text);
            } else {
                hide_credentials(text);
            }
        }
        _ => {}
    }
}

/// `scheme://user:password@host?password=…` without the passwords.
fn hide_credentials(url: &mut String) {
    let Some(start) = url.find("://").map(|at| at + 3) else { return };
    let query = url[start..].find('?').map(|at| start + at);
    if let Some(at) = query.filter(|at| url[*at..].contains("password")) {
        url.replace_range(at + 1.., "(hidden)");
    }
    let authority_end = url[start..].find(['/', '?']).map_or(url.len(), |at| start + at);
    // The last @: a password may hold one that was not escaped.
    let Some(end) = url[start..authority_end].rfind('@').map(|at| start + at) else { return };
    if let Some(colon) = url[start..end].find(':').map(|at| start + at) {
        url.replace_range(colon + 1..end, "(hidden)");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_with(variables: &[(&str, &str)]) -> Result<Loaded, Error> {
        load_from(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(), &[])
    }

    fn error_of(variables: &[(&str, &str)]) -> String {
        load_with(variables).unwrap_err().to_string()
    }

    #[test]
    fn every_profile_can_be_read() {
        for (profile, _) in PROFILES {
            let loaded = load_with(&[(PROFILE_VARIABLE, profile)]).unwrap();
            assert_eq!(loaded.profile, profile);
        }
        assert!(error_of(&[(PROFILE_VARIABLE, "staging")]).contains("development, test, production"));
    }

    #[test]
    fn a_profile_sets_only_what_the_reference_names() {
        let known = Known::read().unwrap();
        for (profile, text) in PROFILES {
            let mut keys = BTreeMap::new();
            for (key, value) in File::from_str(text, FileFormat::Toml).collect().unwrap() {
                flatten(key, value, &mut keys);
            }
            for key in keys.keys() {
                assert!(known.0.contains_key(key), "{profile}.toml sets {key}, which default.toml does not explain");
            }
        }
    }

    #[test]
    fn every_key_of_the_reference_has_a_comment() {
        let mut explained = false;
        for line in DEFAULTS.lines() {
            match line.trim() {
                "" => explained = false,
                comment if comment.starts_with('#') => explained = true,
                // A section goes on with the comment above it, and lines below a comment share it.
                section if section.starts_with('[') => {}
                key if key.starts_with("read_connections") || key.starts_with("write_connections") => {}
                key if DEFAULTS.matches(key).count() > 1 => {}
                key => assert!(explained, "no comment above {key}"),
            }
        }
    }

    #[test]
    fn the_environment_overrides_the_files() {
        let loaded = load_with(&[("PIECEWORK__HTTP__PORT", "18080"), ("HOME", "/root")]).unwrap();
        assert_eq!(loaded.config.http.port, 18_080);
        assert_eq!(loaded.config.http.public_url(18_080), "http://127.0.0.1:18080");
    }

    #[test]
    fn a_list_is_separated_by_commas() {
        let loaded = load_with(&[
            ("PIECEWORK__DATABASES__TRACKER__WRITE_URL", "postgres://a:b@c/tracker"),
            ("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL", "postgres://a:b@c/accounting"),
            ("PIECEWORK__DATABASES__TRACKER__READ_URLS", "postgres://r1/tracker, postgres://r2/tracker"),
        ]);
        assert_eq!(loaded.unwrap().config.databases.tracker.read_urls, ["postgres://r1/tracker", "postgres://r2/tracker"]);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_source() {
        let error = error_of(&[("PIECEWORK__HTTP__PROT", "1")]);
        assert_eq!(error, "environment variable PIECEWORK__HTTP__PROT: there is no setting `http.prot`; did you mean `http.port`?");
        assert!(error_of(&[("PIECEWORK_HTTP_PORT", "1")]).contains("PIECEWORK_HTTP_PORT"));
    }

    #[test]
    fn a_wrong_value_is_named_with_its_source() {
        for (name, value, named) in [
            ("PIECEWORK__HTTP__PORT", "high", "http.port"),
            ("PIECEWORK__HTTP__PORT", "70000", "http.port"),
            ("PIECEWORK__HTTP__WORKERS", "-1", "http.workers"),
            ("PIECEWORK__BUS__KIND", "pigeon", "bus.kind"),
            ("PIECEWORK__TELEMETRY__FORMAT", "xml", "telemetry.format"),
        ] {
            let error = error_of(&[(name, value)]);
            assert!(error.contains(name) && error.contains(named), "{error}");
        }
    }

    #[test]
    fn one_database_without_the_other_is_refused() {
        let error = error_of(&[("PIECEWORK__DATABASES__TRACKER__WRITE_URL", "postgres://a/b")]);
        assert!(error.contains("databases.accounting.write_url"), "{error}");
    }

    #[test]
    fn no_secret_is_shown() {
        let shown = load_with(&[
            ("PIECEWORK__DATABASES__TRACKER__WRITE_URL", "postgres://me:hush1@db/tracker"),
            ("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL", "postgres://db/accounting?user=me&password=hush2"),
            ("PIECEWORK__DATABASES__TRACKER__READ_URLS", "postgres://me:hu@sh3@replica/tracker"),
            ("PIECEWORK__BUS__AMQP_URL", "amqp://me:hush4@mq/%2f"),
        ]);
        let shown = shown.unwrap().shown.to_string();
        assert!(shown.contains("postgres://me:(hidden)@db/tracker"), "{shown}");
        assert!(!shown.contains("hush") && !shown.contains("sh3"), "{shown}");
    }
}
