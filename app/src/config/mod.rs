//! The settings: `config/default.toml` < the profile's file < the environment < options of the
//! command line.
//!
//! This room knows values, and what each key alone may be. It knows nothing of the rest of the
//! program. Whether several settings fit together is decided by `modules::ModulePlan`.

mod broker_address;
mod check;
mod error;
mod installation;
mod load;
mod module_urls;
mod postgres_url;
mod profiles;
mod public_url;
mod secrets;
mod settings;
mod sources;
#[cfg(test)]
mod tests;

pub use broker_address::BrokerAddress;
pub use error::Error;
pub use installation::check_installation;
pub use load::{Loaded, load, load_from};
pub use module_urls::Modules;
pub use postgres_url::parse_postgres_url;
pub use settings::{
    Bus, BusKind, Config, Database, DatabaseName, Databases, Http, Limits, LogFormat, Postgres, Telemetry,
};
pub use sources::Override;
