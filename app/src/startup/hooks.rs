//! Runs what the modules of one database do before the database is open.

use kernel::Module;
use kernel::db::allow_unopened;
use kernel::module::{ProcessKind, StartupError, StartupHook};

use crate::Error;
use crate::config::DatabaseName;
use crate::modules::{ModulePlan, database_of};

/// Prepares every module of the database. In a server, the hosted modules then catch up with what
/// became due while no process ran.
///
/// # Errors
/// The database fails, or a module cannot work with what it finds there.
pub async fn run(
    modules: &[Module],
    plan: &ModulePlan,
    database: DatabaseName,
    process: ProcessKind,
) -> Result<(), Error> {
    let modules = || modules.iter().filter(|module| database_of(module.name) == Some(database));
    allow_unopened(async {
        for module in modules() {
            let hook = if plan.hosts(module.name) { &module.prepare } else { &module.prepare_remote };
            call(module, hook.as_ref(), database, process).await?;
        }
        if process == ProcessKind::Server {
            for module in modules().filter(|module| plan.hosts(module.name)) {
                call(module, module.catch_up.as_ref(), database, process).await?;
            }
        }
        Ok(())
    })
    .await
}

async fn call(
    module: &Module,
    hook: Option<&StartupHook>,
    database: DatabaseName,
    process: ProcessKind,
) -> Result<(), Error> {
    let Some(hook) = hook else { return Ok(()) };
    hook(process).await.map_err(|error| match error {
        StartupError::Database(error) => Error::Database { database: database.as_str(), error },
        StartupError::NotPrepared => Error::ModuleNotPrepared { module: module.name },
        StartupError::Failed(reason) => Error::Module { module: module.name, reason },
    })
}
