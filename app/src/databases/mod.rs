//! The databases of an installation: where they are, the embedded server where none is set, and the
//! pools that modules work with.

mod access;
mod database;
mod embedded;
mod installation;

pub use access::DatabaseAccess;
pub use database::{COMMAND_ACQUIRE_TIMEOUT, Database, Health};
pub use embedded::{SUPERVISE_COMMAND, drop_databases, embedded_folder};
pub use installation::Databases;
