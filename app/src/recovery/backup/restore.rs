//! Restores a backup into empty databases.
//!
//! First everything is checked that can be: the manifest, every file, and that the databases are
//! empty. Each database is filled in one transaction, so a restore that was interrupted can be
//! repeated.

use std::path::Path;

use kernel::Ambient;
use kernel::text::hex;
use sqlx::migrate::Migration;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::manifest::{AppliedMigration, DatabaseBackup, Manifest, ModuleBackup, TableBackup};
use super::table_file::{TableReader, digest_of};
use super::{Progress, catalogue};
use crate::Error;
use crate::config::{Config, DatabaseName};
use crate::databases::{COMMAND_ACQUIRE_TIMEOUT, Database, DatabaseAccess, Databases};
use crate::modules::{ModulePlan, Schema};
use crate::startup::migrator_lock;

/// Reads the manifest of a backup, and checks that this program can restore it with these settings.
///
/// # Errors
/// It is no backup, or one of another program, of another currency, or of a newer version.
pub fn read_manifest(config: &Config, folder: &Path) -> Result<Manifest, Error> {
    let manifest = Manifest::read(folder)?;
    if manifest.currency != config.accounting.currency {
        return Err(Error::Configuration(format!(
            "the backup is in {}, and the setting accounting.currency is {}",
            manifest.currency, config.accounting.currency
        )));
    }
    for name in DatabaseName::ALL {
        let copy = copy_of(&manifest, name)?;
        for (entry, schema) in ModulePlan::host_all().owned_in(name) {
            let module = copy.modules.iter().find(|module| module.name == entry.name);
            let module = module.ok_or_else(|| incomplete(&manifest, &format!("the module {}", entry.name)))?;
            if let Some(unknown) = module.migrations.iter().find(|applied| known(schema, applied).is_none()) {
                return Err(Error::Failed(format!(
                    "the backup was created by piecework {} and has the migration {} of {}, which this version, {}, \
                     does not know: restore it with that version or a later one",
                    manifest.version,
                    unknown.version,
                    entry.name,
                    env!("CARGO_PKG_VERSION")
                )));
            }
        }
    }
    Ok(manifest)
}

fn copy_of(manifest: &Manifest, name: DatabaseName) -> Result<&DatabaseBackup, Error> {
    let found = manifest.databases.iter().find(|database| database.name == name.as_str());
    found.ok_or_else(|| incomplete(manifest, &format!("the database {name}")))
}

fn incomplete(manifest: &Manifest, what: &str) -> Error {
    Error::Failed(format!("the backup of piecework {} does not contain {what}", manifest.version))
}

fn known<'a>(schema: &'a Schema, applied: &AppliedMigration) -> Option<&'a Migration> {
    let is_same =
        |migration: &&Migration| migration.version == applied.version && hex(&migration.checksum) == applied.checksum;
    schema.migrator.iter().find(is_same)
}

/// Fills both databases. `observe` is called after each part of a table.
///
/// # Errors
/// A file is missing or damaged, a database is not empty or does not answer.
pub async fn restore_backup(
    config: &Config,
    folder: &Path,
    manifest: &Manifest,
    ambient: &Ambient,
    mut observe: impl FnMut(Progress<'_>),
) -> Result<(), Error> {
    for (module, table) in manifest.tables() {
        check_file(folder, module, table, &mut observe)?;
    }
    let databases = Databases::open(config, |_| DatabaseAccess::ReadWrite, ambient, COMMAND_ACQUIRE_TIMEOUT).await?;
    let restored = restore(folder, manifest, &databases, &mut observe).await;
    databases.close().await;
    restored
}

/// The file is exactly the one that was written.
fn check_file(
    folder: &Path,
    module: &str,
    table: &TableBackup,
    observe: &mut impl FnMut(Progress<'_>),
) -> Result<(), Error> {
    let path = folder.join(&table.file);
    let progress = |bytes| observe(Progress { action: "checking", schema: module, table: &table.name, bytes });
    let (bytes, sha256) = digest_of(&path, progress).map_err(Error::io(format!("read {}", path.display())))?;
    if bytes == table.bytes && sha256 == table.sha256 {
        return Ok(());
    }
    Err(Error::Failed(format!(
        "{} is damaged: it has {bytes} bytes and the SHA-256 {sha256}, but {} and {} in the manifest",
        path.display(),
        table.bytes,
        table.sha256
    )))
}

async fn restore(
    folder: &Path,
    manifest: &Manifest,
    databases: &Databases,
    observe: &mut impl FnMut(Progress<'_>),
) -> Result<(), Error> {
    for name in DatabaseName::ALL {
        refuse_data(databases.get(name)).await?;
    }
    for name in DatabaseName::IN_ORDER_OF_BACKUP {
        fill(databases.get(name), folder, copy_of(manifest, name)?, observe).await?;
    }
    Ok(())
}

/// A database into which a backup is restored has no row in any table of a module.
async fn refuse_data(database: &Database) -> Result<(), Error> {
    let failed = Error::database::<sqlx::Error>(database.name.as_str());
    let pool = database.maintenance().await?;
    let mut connection = pool.acquire().await.map_err(&failed)?;
    for (entry, schema) in ModulePlan::host_all().owned_in(database.name) {
        let exists = sqlx::query_scalar("select exists (select from pg_catalog.pg_namespace where nspname = $1)");
        if !exists.bind(entry.name).fetch_one(&mut *connection).await.map_err(&failed)? {
            continue;
        }
        for table in catalogue::tables(&mut connection, entry.name, schema).await.map_err(&failed)? {
            if catalogue::has_rows(&mut connection, entry.name, &table.name).await.map_err(&failed)? {
                return Err(Error::Failed(format!(
                    "the database {} is not empty: {}.{} has rows. A backup is restored into new databases: create \
                     them, or choose another --data-dir for the embedded ones",
                    database.name, entry.name, table.name
                )));
            }
        }
    }
    drop(connection);
    pool.close().await;
    Ok(())
}

/// Makes the schemas as they were, and copies the rows into them. The start of the program applies
/// the later migrations and makes the roles.
async fn fill(
    database: &Database,
    folder: &Path,
    copy: &DatabaseBackup,
    observe: &mut impl FnMut(Progress<'_>),
) -> Result<(), Error> {
    let failed = Error::database::<sqlx::Error>(database.name.as_str());
    let pool = database.maintenance().await?;
    let mut connection = pool.acquire().await.map_err(&failed)?;
    catalogue::fix_formats(&mut connection).await.map_err(&failed)?;
    let modules: Vec<_> = ModulePlan::host_all().owned_in(database.name).collect();
    let named = |module: &ModuleBackup| modules.iter().find(|(entry, _)| entry.name == module.name);
    for module in &copy.modules {
        let Some((entry, schema)) = named(module) else { continue };
        let migrating = |error| Error::Migration { name: entry.name, error };
        migrator_lock::take(&mut connection).await.map_err(&failed)?;
        // An empty database may have been migrated before, by this version.
        let then = module.migrations.iter().filter_map(|applied| known(schema, applied).cloned());
        let migrator = schema.migrator_of(entry.name, then.collect());
        migrator.run_direct(None, &mut *connection, false).await.map_err(migrating)?;
        migrator_lock::release(&mut connection).await.map_err(&failed)?;
    }
    let mut tx = connection.begin().await.map_err(&failed)?;
    for module in &copy.modules {
        for table in &module.tables {
            fill_table(database, &mut tx, folder, &module.name, table, observe).await?;
        }
        for sequence in &module.sequences {
            let Some(last_value) = sequence.last_value else { continue };
            let name = format!("{}.{}", catalogue::quoted(&module.name), catalogue::quoted(&sequence.name));
            let set = sqlx::query("select setval($1::regclass, $2)").bind(name).bind(last_value);
            set.execute(&mut *tx).await.map_err(&failed)?;
        }
    }
    tx.commit().await.map_err(&failed)?;
    // The planner knows nothing of the new rows yet.
    sqlx::query(AssertSqlSafe("analyze")).execute(&mut *connection).await.map_err(&failed)?;
    drop(connection);
    pool.close().await;
    Ok(())
}

async fn fill_table(
    database: &Database,
    connection: &mut PgConnection,
    folder: &Path,
    module: &str,
    table: &TableBackup,
    observe: &mut impl FnMut(Progress<'_>),
) -> Result<(), Error> {
    let failed = Error::database::<sqlx::Error>(database.name.as_str());
    let path = folder.join(&table.file);
    let read = || Error::io(format!("read {}", path.display()));
    let mut reader = TableReader::open(&path).map_err(read())?;
    let statement = format!("copy {} from stdin", catalogue::copied(module, &table.name, &table.columns));
    let mut copy = connection.copy_in_raw(&statement).await.map_err(&failed)?;
    let mut bytes = 0;
    loop {
        let part = reader.next_part().map_err(read())?;
        if part.is_empty() {
            break;
        }
        copy.send(part).await.map_err(&failed)?;
        bytes += part.len() as u64;
        observe(Progress { action: "restoring", schema: module, table: &table.name, bytes });
    }
    let rows = copy.finish().await.map_err(&failed)?;
    if rows == table.rows {
        return Ok(());
    }
    Err(Error::Failed(format!("{module}.{} has {rows} rows, but {} in the manifest", table.name, table.rows)))
}
