//! Startup: each database is reached, checked and migrated, its modules are prepared, and then it
//! is open. A server repeats this until every database is open.

mod check;
mod compatibility;
mod concurrent_indexes;
mod hooks;
mod migrations;
pub mod migrator_lock;
mod opener;

pub use migrations::{migrate, missing};
pub use opener::Opener;
