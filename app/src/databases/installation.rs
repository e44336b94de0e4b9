//! The databases of an installation: where they are, and whether the embedded server holds them.

use std::time::Duration;

use embedded_postgres::EmbeddedPostgres;
use futures_util::future::join_all;
use kernel::Ambient;
use kernel::db::REQUEST_ACQUIRE_TIMEOUT;
use kernel::runtime::shutdown::ShutdownSignal;

use super::access::DatabaseAccess;
use super::database::Database;
use super::embedded;
use crate::Error;
use crate::config::{self, Config, DatabaseName};

/// How often the reason for which the embedded server is away is read.
const OUTAGE_INTERVAL: Duration = Duration::from_millis(500);
/// A port of this machine on which no server listens.
const UNREACHABLE: &str = "postgres://nobody@127.0.0.1:1/nowhere";

/// The databases of an installation.
pub struct Databases {
    /// Each database, in the order of `DatabaseName::ALL`.
    all: [Database; DatabaseName::ALL.len()],
    /// Keeps the embedded server up, if that is the one.
    embedded: Option<EmbeddedPostgres>,
}

impl Databases {
    /// Finds the databases. If the settings name none, the embedded server is started or joined.
    /// `access_to` decides what the process does with each database, and `acquire_timeout` is how
    /// long its pools wait for a connection.
    ///
    /// # Errors
    /// A database is needed and not set, or the embedded server does not come up.
    pub async fn open(
        config: &Config,
        access_to: impl Fn(DatabaseName) -> DatabaseAccess,
        ambient: &Ambient,
        acquire_timeout: Duration,
    ) -> Result<Self, Error> {
        let embedded = if config.databases.are_embedded() { Some(embedded::start(config).await?) } else { None };
        let open = |name: DatabaseName| {
            let (settings, access) = (config.databases.get(name), access_to(name));
            let url = match (&embedded, &settings.write_url) {
                _ if access == DatabaseAccess::None => UNREACHABLE.to_owned(),
                (Some(server), _) => server.url(name.as_str()),
                (None, Some(url)) => url.clone(),
                (None, None) => {
                    let reason = "is not set, and this needs both databases: run it where both are set";
                    return Err(config::Error::invalid(format!("databases.{name}.write_url"), reason).into());
                }
            };
            Database::new(name, access, settings, &url, ambient, acquire_timeout)
        };
        let [first, second] = DatabaseName::ALL.map(open);
        Ok(Self { all: [first?, second?], embedded })
    }

    /// Databases that cannot be reached: for code that builds modules and asks them nothing.
    ///
    /// # Errors
    /// None that can happen.
    pub fn unreachable() -> Result<Self, Error> {
        let settings = config::Database {
            write_url: None,
            read_urls: Vec::new(),
            write_connections: 1,
            read_connections: 1,
            max_lag_ms: 1,
        };
        let ambient = Ambient::system();
        let open = |name| {
            Database::new(name, DatabaseAccess::ReadWrite, &settings, UNREACHABLE, &ambient, REQUEST_ACQUIRE_TIMEOUT)
        };
        let [first, second] = DatabaseName::ALL.map(open);
        Ok(Self { all: [first?, second?], embedded: None })
    }

    /// Whether the databases are in the embedded server, which is up by now.
    #[must_use]
    pub const fn are_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    /// Logs why the embedded server is away, as long as it is, until the shutdown.
    pub async fn watch_embedded(&self, mut shutdown: ShutdownSignal) {
        let Some(server) = &self.embedded else { return };
        // Every database is on this server.
        let [first, ..] = &self.all;
        while shutdown.or(first.endpoints().primary_lost()).await.is_some() {
            let mut logged = None;
            while first.endpoints().is_primary_down() {
                let found = server.outage();
                if let Some(reason) = found.as_ref().filter(|_| found != logged) {
                    tracing::error!(reason, log = %server.log().display(), "the embedded PostgreSQL is away");
                    logged = found;
                }
                if shutdown.or(tokio::time::sleep(OUTAGE_INTERVAL)).await.is_none() {
                    return;
                }
            }
            if logged.is_some() {
                tracing::info!("the embedded PostgreSQL is back");
            }
        }
    }

    /// One database.
    #[must_use]
    pub const fn get(&self, name: DatabaseName) -> &Database {
        &self.all[name as usize]
    }

    /// The databases that this process connects to.
    pub fn used(&self) -> impl Iterator<Item = &Database> {
        self.all.iter().filter(|database| database.access != DatabaseAccess::None)
    }

    /// The databases that this process writes.
    pub fn written(&self) -> impl Iterator<Item = &Database> {
        self.all.iter().filter(|database| database.access == DatabaseAccess::ReadWrite)
    }

    /// Closes every pool that belongs to no module.
    pub async fn close(&self) {
        join_all(self.all.iter().map(Database::close)).await;
    }
}
