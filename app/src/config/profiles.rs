//! The files of settings, which are compiled into the program.

/// The reference: it names every key, so a key that is not in it is unknown. Its values decide of
/// which type a variable of the environment has to be.
pub const DEFAULTS: &str = include_str!("../../../config/default.toml");
/// The profiles by name, each with its file, which overrides the reference.
pub const PROFILES: [(&str, &str); 3] = [
    (DEFAULT_PROFILE, include_str!("../../../config/development.toml")),
    ("test", include_str!("../../../config/test.toml")),
    ("production", include_str!("../../../config/production.toml")),
];
/// The profile where the environment names none.
pub const DEFAULT_PROFILE: &str = "development";
/// The variable of the environment that names the profile.
pub const PROFILE_VARIABLE: &str = "PIECEWORK_PROFILE";

/// The names of all profiles, for a message.
pub fn profile_names() -> String {
    PROFILES.map(|(name, _)| name).join(", ")
}
