//! A backup of both databases: a folder with one file for each table, and a manifest.
//!
//! The tables are copied as PostgreSQL's text format of `copy`, so a backup can be restored on
//! another version of PostgreSQL and needs no other program. The migrations make the tables.

mod catalogue;
mod create;
mod manifest;
mod private;
mod restore;
mod table_file;

pub use create::create_backup;
pub use manifest::Manifest;
pub use restore::{read_manifest, restore_backup};

/// What is reported while a backup is created or restored.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// What is done with the table, such as `copying`.
    pub action: &'static str,
    /// The schema of the table.
    pub schema: &'a str,
    /// The table.
    pub table: &'a str,
    /// Number of bytes of the table so far, before compression.
    pub bytes: u64,
}
