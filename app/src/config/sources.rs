//! The sources of settings besides the files: the environment and the command line. Both are
//! checked against `default.toml`.

use std::collections::BTreeMap;

use ::config::{ConfigError, File, FileFormat, Map, Source, Value, ValueKind};

use super::error::Error;
use super::profiles::{DEFAULTS, PROFILE_VARIABLE};

/// The beginning of a variable that sets a setting.
const PREFIX: &str = "PIECEWORK__";
/// The beginning of every variable of the program. A variable that begins with it and sets nothing
/// is refused, because it is probably misspelt.
pub const OTHER_PREFIX: &str = "PIECEWORK_";
/// Variables of the tools and tests of this repository, which the program ignores.
const NOT_OURS: [&str; 5] = [
    "PIECEWORK_TRACKER_URL",
    "PIECEWORK_ACCOUNTING_URL",
    "PIECEWORK_TEST_AMQP_URL",
    "PIECEWORK_REQUIRE_BROKER",
    "PIECEWORK_REQUIRE_SSO",
];
/// Maximum number of letters in which an unknown key may differ from the key that is suggested.
const SUGGESTION_DISTANCE_MAX: usize = 3;

/// An option of the command line that overrides a setting.
#[derive(Debug, Clone)]
pub struct Override {
    /// The option as it is typed, such as `--data-dir`.
    pub option: &'static str,
    /// The setting, such as `data_dir`.
    pub key: &'static str,
    /// The value.
    pub value: String,
}

/// The keys of `default.toml` with their values.
pub struct Known(pub BTreeMap<String, Value>);

impl Known {
    /// Reads the reference.
    pub fn read() -> Result<Self, Error> {
        let mut keys = BTreeMap::new();
        for (key, value) in File::from_str(DEFAULTS, FileFormat::Toml).collect()? {
            flatten(key, value, &mut keys);
        }
        Ok(Self(keys))
    }

    /// What the environment and the command line set.
    pub fn overlay(&self, environment: &BTreeMap<String, String>, overrides: &[Override]) -> Result<Overlay, Error> {
        let mut overlay = Overlay::default();
        for (name, text) in environment {
            if name == PROFILE_VARIABLE || !name.starts_with(OTHER_PREFIX) {
                continue;
            }
            let origin = format!("environment variable {name}");
            let Some(path) = name.strip_prefix(PREFIX) else {
                if NOT_OURS.contains(&name.as_str()) {
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
            ValueKind::Float(_) => text.parse().map(ValueKind::Float).map_err(|_| "is a number"),
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
            Err(reason) => Err(Error::invalid_in(origin, key, reason)),
        }
    }

    fn unknown(&self, key: &str, origin: String) -> Error {
        let distance = |known: &&String| edit_distance(known, key);
        let nearest =
            self.0.keys().min_by_key(distance).filter(|known| distance(known) <= SUGGESTION_DISTANCE_MAX).cloned();
        Error::UnknownKey { key: key.to_owned(), origin, nearest }
    }
}

/// Values by dotted key, for the merge.
#[derive(Debug, Clone, Default)]
pub struct Overlay(pub Map<String, Value>);

impl Overlay {
    /// Names the key and the source of a value that has the wrong type.
    pub fn explain(&self, error: ConfigError) -> Error {
        let (key, reason) = match error {
            ConfigError::Type { key: Some(key), unexpected, expected, .. } => {
                (key, format!("is {unexpected}, and should be {expected}"))
            }
            ConfigError::At { key: Some(key), error, .. } => (key, format!("cannot be used: {error}")),
            other => return other.into(),
        };
        let origin = self.0.get(&key).and_then(Value::origin).unwrap_or(Error::any_origin()).to_owned();
        Error::invalid_in(origin, &key, reason)
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

/// Collects the values of a tree by their dotted keys.
pub fn flatten(key: String, value: Value, keys: &mut BTreeMap<String, Value>) {
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

/// Removes settings that are "", which means not set. An optional setting is then `None`; any
/// other is missing, which is an error.
pub fn drop_unset(table: &mut Map<String, Value>) {
    table.retain(|_, value| !matches!(&value.kind, ValueKind::String(text) if text.is_empty()));
    for value in table.values_mut() {
        if let ValueKind::Table(table) = &mut value.kind {
            drop_unset(table);
        }
    }
}

/// The number of letters that have to be changed to turn one word into the other.
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
