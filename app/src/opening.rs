//! From "there should be a database" to "its modules are at work": reached, checked, migrated, prepared; tried until it works.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use kernel::db::{Condition, while_opening};
use kernel::shutdown::ShutdownSignal;

use crate::databases::{Database, Databases};
use crate::hosting::Hosting;
use crate::modules::Modules;
use crate::{Error, migrations};

/// A pause between two tries.
const PAUSE: Duration = Duration::from_millis(250);

/// Each takes up to two seconds where there is no answer.
const TRIES: u32 = 5;

/// Opens the databases of an application. Clones share everything.
#[derive(Clone)]
pub struct Opening {
    pub databases: Arc<Databases>,
    pub modules: Modules,
    pub hosting: Hosting,
    /// Not a command: days that are over are closed before anything that waited is booked.
    pub serves: bool,
}

impl Opening {
    /// Opens all that are used, for whoever can do nothing without them.
    ///
    /// # Errors
    /// A database cannot be reached, is not what the settings say, or is of another version.
    pub async fn open_all(&self) -> Result<(), Error> {
        for database in self.databases.used() {
            migrations::migrate_patiently(&self.hosting, database).await?;
            self.prepare(database).await?;
        }
        Ok(())
    }

    /// Tries each once. What cannot be reached is left for later; what is wrong in another way is an error.
    ///
    /// # Errors
    /// A database is not what the settings say, or of another version.
    pub async fn try_all(&self) -> Result<(), Error> {
        for opened in join_all(self.databases.used().map(|database| self.open(database))).await {
            match opened {
                Err(error) if error.is_outage() => {
                    tracing::warn!(%error, "starting without this database; its modules answer 503 until it is there");
                }
                opened => opened?,
            }
        }
        Ok(())
    }

    /// Tries until each is open, or the shutdown.
    pub async fn keep_trying(self, mut shutdown: ShutdownSignal) {
        let trying = join_all(self.databases.used().map(|database| self.keep_trying_one(database)));
        let _ended = shutdown.or(trying).await;
    }

    async fn keep_trying_one(&self, database: &Database) {
        let mut told = String::new();
        while !database.cluster().is_open() {
            match self.open(database).await {
                Ok(()) => tracing::info!(database = database.name, "the database is there, its modules are at work"),
                Err(error) => {
                    let text = error.to_string();
                    if !error.is_outage() && text != told {
                        tracing::error!(database = database.name, error = text, "the database cannot be used");
                        told = text;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn open(&self, database: &Database) -> Result<(), Error> {
        check(database).await?;
        migrations::migrate_database(&self.hosting, database).await?;
        self.prepare(database).await
    }

    async fn prepare(&self, database: &Database) -> Result<(), Error> {
        while_opening(async {
            self.modules.prepare(database.name, &self.hosting, self.serves).await?;
            if self.serves {
                self.modules.close_due_days(database.name, &self.hosting).await?;
            }
            Ok::<(), Error>(())
        })
        .await?;
        database.cluster().open().await.map_err(|error| Error::Database { database: database.name, error })
    }
}

/// The same for whoever can do nothing without it: an answer may be slow in coming.
///
/// # Errors
/// As of `check`.
pub async fn check_patiently(database: &Database) -> Result<(), Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        match check(database).await {
            Err(error) if error.is_outage() && tries < TRIES => tokio::time::sleep(PAUSE).await,
            checked => return checked,
        }
    }
}

/// First contact: is the primary one, and are the replicas its?
///
/// # Errors
/// The primary cannot be reached, or an endpoint is not what the settings say.
pub async fn check(database: &Database) -> Result<(), Error> {
    let name = database.name;
    let cluster = database.cluster();
    cluster.look_unless_looked(Duration::ZERO).await;
    let conditions = cluster.conditions();
    match conditions.primary {
        Condition::IsReplica => {
            return Err(Error::Configuration(format!(
                "databases.{name}.write_url leads to a replica (it is in recovery and takes no writes): set it to the primary, \
                 and name the replica in databases.{name}.read_urls"
            )));
        }
        Condition::Unreachable(error) => return Err(database.unreachable(error).await),
        _ => {}
    }
    match conditions.replicas.iter().position(|condition| *condition == Condition::OtherCluster) {
        None => Ok(()),
        Some(number) => Err(Error::Configuration(format!(
            "databases.{name}.read_urls: number {} leads to a replica of another cluster than the write_url; \
             set it to a streaming replica of that primary, or leave it out",
            number + 1
        ))),
    }
}
