//! Creates a backup while the system runs. Each database is copied as of one moment.
//!
//! Accounting is copied first and the tracker second, so the tracker has every fact that accounting
//! has booked. What accounting lacks is published again after the restore.

use std::fs;
use std::path::Path;

use futures_util::TryStreamExt;
use kernel::db::allow_unopened;
use kernel::text::hex;
use kernel::{Ambient, Problem};
use sqlx::Executor;
use sqlx::migrate::Migrate;
use sqlx::postgres::PgConnection;

use super::manifest::{AppliedMigration, DatabaseBackup, FORMAT, Manifest, ModuleBackup, PROGRAM, TableBackup};
use super::private::create_private_folder;
use super::table_file::TableWriter;
use super::{Progress, catalogue};
use crate::Error;
use crate::config::{Config, DatabaseName};
use crate::databases::{COMMAND_ACQUIRE_TIMEOUT, Database, DatabaseAccess, Databases};
use crate::modules::{ModulePlan, Modules, Schema};

/// Copies both databases into a folder that does not exist yet or is empty. `observe` is called
/// after each part of a table.
///
/// # Errors
/// The folder has files, a database does not answer or is not migrated, or the disk is full.
pub async fn create_backup(
    config: &Config,
    folder: &Path,
    ambient: &Ambient,
    mut observe: impl FnMut(Progress<'_>),
) -> Result<Manifest, Error> {
    prepare_folder(folder)?;
    let databases = Databases::open(config, |_| DatabaseAccess::ReadWrite, ambient, COMMAND_ACQUIRE_TIMEOUT).await?;
    let created = create(config, folder, ambient, &databases, &mut observe).await;
    databases.close().await;
    created
}

fn prepare_folder(folder: &Path) -> Result<(), Error> {
    let shown = folder.display();
    create_private_folder(folder).map_err(Error::io(format!("create {shown}")))?;
    let mut entries = fs::read_dir(folder).map_err(Error::io(format!("read {shown}")))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(Error::Failed(format!("{shown} is not empty: a backup needs a folder of its own"))),
    }
}

async fn create(
    config: &Config,
    folder: &Path,
    ambient: &Ambient,
    databases: &Databases,
    observe: &mut impl FnMut(Progress<'_>),
) -> Result<Manifest, Error> {
    let began_at = ambient.now();
    let mut copies = Vec::new();
    for name in DatabaseName::IN_ORDER_OF_BACKUP {
        copies.push(copy_database(databases.get(name), folder, observe).await?);
    }
    let modules = Modules::new(config, databases, ambient, &config.http.public_url(config.http.port))?;
    let currency = allow_unopened(modules.accounting.get_currency()).await.map_err(Problem::from)?;
    let manifest = Manifest {
        program: PROGRAM.to_owned(),
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        currency,
        began_at,
        finished_at: ambient.now(),
        databases: copies,
    };
    manifest.write(folder)?;
    Ok(manifest)
}

async fn copy_database(
    database: &Database,
    folder: &Path,
    observe: &mut impl FnMut(Progress<'_>),
) -> Result<DatabaseBackup, Error> {
    let failed = Error::database::<sqlx::Error>(database.name.as_str());
    let pool = database.maintenance().await?;
    let mut connection = pool.acquire().await.map_err(&failed)?;
    catalogue::fix_formats(&mut connection).await.map_err(&failed)?;
    connection.execute("begin isolation level repeatable read, read only").await.map_err(&failed)?;
    // The transaction began before its snapshot is taken.
    let (server_version, copied_at) = sqlx::query_as("select current_setting('server_version'), now()")
        .fetch_one(&mut *connection)
        .await
        .map_err(&failed)?;
    let mut modules = Vec::new();
    for (entry, schema) in ModulePlan::host_all().owned_in(database.name) {
        let copied = copy_module(database, entry.name, schema, &mut connection, folder, observe).await?;
        modules.push(copied);
    }
    drop(connection);
    pool.close().await;
    Ok(DatabaseBackup { name: database.name.to_string(), server_version, copied_at, modules })
}

async fn copy_module(
    database: &Database,
    module: &'static str,
    schema: &Schema,
    connection: &mut PgConnection,
    folder: &Path,
    observe: &mut impl FnMut(Progress<'_>),
) -> Result<ModuleBackup, Error> {
    let failed = Error::database::<sqlx::Error>(database.name.as_str());
    let applied = connection.list_applied_migrations(&schema.migrator.table_name).await;
    let applied = applied.map_err(|error| Error::Migration { name: module, error })?;
    let migrations =
        applied.iter().map(|one| AppliedMigration { version: one.version, checksum: hex(&one.checksum) }).collect();
    let directory = folder.join(module);
    create_private_folder(&directory).map_err(Error::io(format!("create {}", directory.display())))?;
    let mut tables = Vec::new();
    for table in catalogue::tables(connection, module, schema).await.map_err(&failed)? {
        let file = format!("{module}/{}.copy.gz", table.name);
        let path = folder.join(&file);
        let written = || Error::io(format!("write {}", path.display()));
        let mut writer = TableWriter::create(&path).map_err(written())?;
        let statement = format!("copy {} to stdout", catalogue::copied(module, &table.name, &table.columns));
        let mut parts = connection.copy_out_raw(&statement).await.map_err(&failed)?;
        let mut bytes = 0;
        while let Some(part) = parts.try_next().await.map_err(&failed)? {
            writer.append(&part).map_err(written())?;
            bytes += part.len() as u64;
            observe(Progress { action: "copying", schema: module, table: &table.name, bytes });
        }
        drop(parts);
        let done = writer.finish().map_err(written())?;
        let catalogue::Table { name, columns } = table;
        tables.push(TableBackup { name, columns, rows: done.rows, file, bytes: done.bytes, sha256: done.sha256 });
    }
    // A sequence shows its present state, also in a transaction that began earlier. So it is read
    // after the tables: its number is not below theirs.
    let sequences = catalogue::sequences(connection, module).await.map_err(&failed)?;
    Ok(ModuleBackup { name: module.to_owned(), migrations, tables, sequences })
}
