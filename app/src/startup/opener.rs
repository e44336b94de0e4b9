//! Opens the databases of an application, at once or as soon as they can be reached.

use std::sync::Arc;

use futures_util::future::join_all;
use kernel::Module;
use kernel::module::ProcessKind;
use kernel::runtime::shutdown::ShutdownSignal;

use super::check::{PAUSE, check};
use super::{hooks, migrations};
use crate::Error;
use crate::databases::{Database, Databases};
use crate::modules::ModulePlan;

/// Opens the databases of an application. Clones share everything.
#[derive(Clone)]
pub struct Opener {
    /// The databases.
    pub databases: Arc<Databases>,
    /// Every module, hosted or not.
    pub modules: Arc<[Module]>,
    /// Which of the modules this process hosts.
    pub plan: ModulePlan,
    /// What this process is for.
    pub process: ProcessKind,
}

impl Opener {
    /// Opens every database that the process uses, for a process that can do nothing without them.
    ///
    /// # Errors
    /// A database cannot be reached, is not the one that the settings mean, or has another version.
    pub async fn open_all(&self) -> Result<(), Error> {
        for database in self.databases.used() {
            migrations::migrate_with_retries(&self.plan, database).await?;
            self.prepare(database).await?;
        }
        Ok(())
    }

    /// Tries once to open each database. A database that cannot be reached is left for
    /// [`Opener::keep_trying`].
    ///
    /// # Errors
    /// A database is not the one that the settings mean, or has another version.
    pub async fn try_all(&self) -> Result<(), Error> {
        for opened in join_all(self.databases.used().map(|database| self.open(database))).await {
            match opened {
                Err(error) if error.is_outage() => {
                    tracing::warn!(%error, "starting without a database; its modules answer 503 until it is ready");
                }
                opened => opened?,
            }
        }
        Ok(())
    }

    /// Tries to open each database until all are open, or until the shutdown.
    pub async fn keep_trying(self, mut shutdown: ShutdownSignal) {
        let trying = join_all(self.databases.used().map(|database| self.keep_trying_one(database)));
        let _ended = shutdown.or(trying).await;
    }

    async fn keep_trying_one(&self, database: &Database) {
        let mut last_logged = String::new();
        let name = database.name.as_str();
        while !database.endpoints().is_open() {
            match self.open(database).await {
                Ok(()) => tracing::info!(database = name, "the database is ready"),
                Err(error) => {
                    let text = error.to_string();
                    if !error.is_outage() && text != last_logged {
                        tracing::error!(database = name, error = text, "the database cannot be used");
                        last_logged = text;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn open(&self, database: &Database) -> Result<(), Error> {
        check(database).await?;
        migrations::migrate_reachable(&self.plan, database).await?;
        self.prepare(database).await
    }

    async fn prepare(&self, database: &Database) -> Result<(), Error> {
        hooks::run(&self.modules, &self.plan, database.name, self.process).await?;
        database.endpoints().open().await.map_err(Error::database(database.name.as_str()))
    }
}
