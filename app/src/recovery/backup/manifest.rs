//! The manifest of a backup: what it contains, and how to recognise that it is complete.

use std::io::Write;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::private::create_private_file;
use crate::Error;

/// The file that is written last. A folder without it is no backup, or not a complete one.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The version of the layout of a backup.
pub const FORMAT: u32 = 1;
/// The program that can restore the backup.
pub const PROGRAM: &str = "piecework";

/// What a backup contains.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// The program that has created the backup: [`PROGRAM`].
    pub program: String,
    /// The version of the layout: [`FORMAT`].
    pub format: u32,
    /// The version of the program.
    pub version: String,
    /// The currency of all amounts.
    pub currency: String,
    /// When the backup began.
    pub began_at: DateTime<Utc>,
    /// When the backup was complete.
    pub finished_at: DateTime<Utc>,
    /// The databases, in the order in which they were copied.
    pub databases: Vec<DatabaseBackup>,
}

/// The copy of one database, as of one moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DatabaseBackup {
    /// The name of the database in the settings.
    pub name: String,
    /// The version of its PostgreSQL.
    pub server_version: String,
    /// The moment: the copy has what was committed before it.
    pub copied_at: DateTime<Utc>,
    /// The modules whose schemas are in the database.
    pub modules: Vec<ModuleBackup>,
}

/// The copy of the schema of one module.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModuleBackup {
    /// The name of the module and of its schema.
    pub name: String,
    /// The migrations that had made the schema.
    pub migrations: Vec<AppliedMigration>,
    /// The tables, each after the tables that it refers to.
    pub tables: Vec<TableBackup>,
    /// The sequences.
    pub sequences: Vec<SequenceBackup>,
}

/// A migration of a schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedMigration {
    /// The number of the migration.
    pub version: i64,
    /// The checksum of its text, in hexadecimal digits.
    pub checksum: String,
}

/// The copy of one table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TableBackup {
    /// The name of the table.
    pub name: String,
    /// The columns of the copy, in their order.
    pub columns: Vec<String>,
    /// Number of rows.
    pub rows: u64,
    /// The file with the rows, below the folder of the backup.
    pub file: String,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
}

/// The state of a sequence.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SequenceBackup {
    /// The name of the sequence.
    pub name: String,
    /// The last number that it has given. `None` if it has given none.
    pub last_value: Option<i64>,
}

impl Manifest {
    /// Reads the manifest of a backup that this program may restore.
    ///
    /// # Errors
    /// There is none, or it is of another program or of a later layout.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(MANIFEST_FILE);
        let shown = folder.display();
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::Failed(format!(
                    "{shown} is no backup, or one that was interrupted: it has no {MANIFEST_FILE}"
                )));
            }
            text => text.map_err(Error::io(format!("read {}", path.display())))?,
        };
        let manifest: Self = serde_json::from_str(&text)
            .map_err(|error| Error::Failed(format!("{shown} is no backup of piecework: {MANIFEST_FILE}: {error}")))?;
        if manifest.program != PROGRAM || manifest.format != FORMAT {
            let Self { program, format, version, .. } = manifest;
            return Err(Error::Failed(format!(
                "{shown} was created by {program} {version} in the layout {format}; this program restores backups of \
                 {PROGRAM} in the layout {FORMAT}"
            )));
        }
        Ok(manifest)
    }

    /// Writes the manifest. Its file has its name only when it is complete.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let (unfinished, path) = (folder.join("manifest.unfinished"), folder.join(MANIFEST_FILE));
        let failed = || Error::io(format!("write {}", path.display()));
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::Failed(error.to_string()))?;
        let mut file = create_private_file(&unfinished).map_err(failed())?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed())?;
        std::fs::rename(&unfinished, &path).map_err(failed())
    }

    /// The tables with their schemas, in the order in which they are restored.
    pub fn tables(&self) -> impl Iterator<Item = (&str, &TableBackup)> {
        let modules = self.databases.iter().flat_map(|database| &database.modules);
        modules.flat_map(|module| module.tables.iter().map(|table| (module.name.as_str(), table)))
    }

    /// Number of rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables().map(|(_, table)| table.rows).sum()
    }
}
