//! Reads the settings from all their sources.

use std::collections::BTreeMap;
use std::ffi::OsString;

use ::config::{File, FileFormat, Source};

use super::check::check;
use super::error::Error;
use super::profiles::{DEFAULT_PROFILE, DEFAULTS, PROFILE_VARIABLE, PROFILES};
use super::secrets::hide_secrets;
use super::settings::Config;
use super::sources::{Known, OTHER_PREFIX, Overlay, Override, drop_unset};

/// The settings, with the names and values that may be printed.
#[derive(Clone)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// The name of the profile.
    pub profile: String,
    /// All settings as a tree, with secrets hidden.
    pub shown: serde_json::Value,
}

/// Reads the settings with the environment of this process.
///
/// # Errors
/// The first setting that cannot be used.
pub fn load(overrides: &[Override]) -> Result<Loaded, Error> {
    // No other code reads the environment.
    load_from(&read_environment(std::env::vars_os())?, overrides)
}

/// The variables of an environment. Those of other programs need not be text.
pub(super) fn read_environment(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<BTreeMap<String, String>, Error> {
    let mut environment = BTreeMap::new();
    for (name, value) in variables {
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => {
                environment.insert(name, value);
            }
            (name, _) => {
                let variable = name.unwrap_or_else(|name| name.to_string_lossy().into_owned());
                if variable.starts_with(OTHER_PREFIX) {
                    return Err(Error::NotUtf8 { variable });
                }
            }
        }
    }
    Ok(environment)
}

/// Reads the settings with the given environment. Tests call this.
///
/// # Errors
/// The first setting that cannot be used.
pub fn load_from(environment: &BTreeMap<String, String>, overrides: &[Override]) -> Result<Loaded, Error> {
    let profile = environment.get(PROFILE_VARIABLE).map_or(DEFAULT_PROFILE, String::as_str).to_owned();
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
    check(&config)?;
    Ok(Loaded { config, profile, shown })
}
