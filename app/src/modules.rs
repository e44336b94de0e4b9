//! The table of modules: which there are, where each lives, and what each is built from.

use std::path::Path;

use kernel::bus::Subscription;
use kernel::db::ModuleRole;
use kernel::{Ambient, Module, Problem};
use sqlx::migrate::Migrator;

use crate::Error;
use crate::config::Config;
use crate::databases::Databases;
use crate::hosting::Hosting;

/// One line of the table.
#[derive(Debug)]
pub struct Entry {
    /// Also the name of its schema and the tag of its routes.
    pub name: &'static str,
    /// Where its schema is; none for a module that owns none.
    pub home: Option<Home>,
    /// What it reads in views for reporting.
    pub reads: &'static [Report],
    /// The types of the events it takes: known of every module, hosted here or not.
    pub listens_to: &'static [&'static str],
}

/// A module's schema.
#[derive(Debug)]
pub struct Home {
    pub database: &'static str,
    pub migrations: &'static Migrator,
}

/// The views for reporting that a module publishes in a schema of their own, as another reads them.
#[derive(Debug)]
pub struct Report {
    /// Whose they are.
    pub module: &'static str,
    /// The role of who reads them.
    pub role: ModuleRole,
}

const TASKS_REPORT: ModuleRole = ModuleRole::reading("analytics", "tasks_report");
const ACCOUNTING_REPORT: ModuleRole = ModuleRole::reading("analytics", "accounting_report");
static READ_BY_ANALYTICS: [Report; 2] =
    [Report { module: "tasks", role: TASKS_REPORT }, Report { module: "accounting", role: ACCOUNTING_REPORT }];
/// So that its figures of a day are those that are reported.
static READ_BY_ACCOUNTING: [Report; 1] =
    [Report { module: "accounting", role: ModuleRole::reading("accounting", "accounting_report") }];

/// THE table, in the order in which migrations are applied.
pub static TABLE: [Entry; 5] = [
    Entry::in_database("identity", "tracker", &identity::MIGRATOR),
    Entry::in_database("tasks", "tracker", &tasks::MIGRATOR).listening(tasks::EVENT_TYPES),
    Entry::in_database("accounting", "accounting", &accounting::MIGRATOR)
        .reading(&READ_BY_ACCOUNTING)
        .listening(accounting::EVENT_TYPES),
    Entry::in_database("email", "accounting", &email::MIGRATOR).listening(email::EVENT_TYPES),
    Entry { name: "analytics", home: None, reads: &READ_BY_ANALYTICS, listens_to: &[] },
];

impl Entry {
    const fn in_database(name: &'static str, database: &'static str, migrations: &'static Migrator) -> Self {
        Self { name, home: Some(Home { database, migrations }), reads: &[], listens_to: &[] }
    }

    const fn reading(mut self, reports: &'static [Report]) -> Self {
        self.reads = reports;
        self
    }

    const fn listening(mut self, event_types: &'static [&'static str]) -> Self {
        self.listens_to = event_types;
        self
    }
}

/// The roles that modules have in one of the databases.
#[must_use]
pub fn roles_in(database: &str) -> Vec<ModuleRole> {
    let is_here = |module: &str| {
        let home = TABLE.iter().find(|entry| entry.name == module).and_then(|entry| entry.home.as_ref());
        home.is_some_and(|home| home.database == database)
    };
    let owning = TABLE.iter().filter(|entry| is_here(entry.name)).map(|entry| ModuleRole::owning(entry.name));
    let reading = TABLE.iter().flat_map(|entry| entry.reads).filter(|report| is_here(report.module));
    owning.chain(reading.map(|report| report.role)).collect()
}

/// Who listens to what in the whole system.
#[must_use]
pub fn subscriptions() -> Vec<Subscription> {
    let listeners = TABLE.iter().filter(|entry| !entry.listens_to.is_empty());
    listeners.map(|entry| Subscription { subscriber: entry.name, event_types: entry.listens_to }).collect()
}

/// Mail that is written to files goes here, below the data directory.
const MAIL_FOLDER: &str = "mail";

/// The modules of this process, by what they can do. Clones share everything.
#[derive(Clone)]
pub struct Modules {
    pub identity: identity::Identity,
    pub tasks: tasks::Tasks,
    pub accounting: accounting::Accounting,
    pub email: email::Email,
    pub analytics: analytics::Analytics,
}

impl Modules {
    /// Builds each from its settings and pools; connects to nothing yet.
    ///
    /// # Errors
    /// A module refuses its settings.
    pub fn new(config: &Config, databases: &Databases, ambient: &Ambient, public_url: &str) -> Result<Self, Error> {
        let Databases { tracker, accounting, .. } = databases;
        let refused = |error: &dyn std::fmt::Display| Error::Configuration(format!("settings: {error}"));
        let books = accounting::Accounting::new(
            accounting.write_pool("accounting", ambient),
            accounting.read_pool(ModuleRole::owning("accounting")),
            &config.accounting,
        )
        .map_err(|error| refused(&error))?;
        Ok(Self {
            identity: identity::Identity::new(
                tracker.write_pool("identity", ambient),
                tracker.read_pool(ModuleRole::owning("identity")),
                config.auth.clone(),
            )
            .map_err(|error| refused(&error))?,
            tasks: tasks::Tasks::new(
                tracker.write_pool("tasks", ambient),
                tracker.read_pool(ModuleRole::owning("tasks")),
                config.tasks.clone(),
                // What a preview is shown in; only the books know which currencies there are.
                books.money(0).currency,
            ),
            accounting: books,
            email: email::Email::new(
                accounting.write_pool("email", ambient),
                accounting.read_pool(ModuleRole::owning("email")),
                config.email.clone(),
                mail_folder(&config.data_dir),
                public_url.to_owned(),
            )
            .map_err(|error| refused(&error))?,
            analytics: analytics::Analytics::new(
                tracker.read_pool(TASKS_REPORT),
                accounting.read_pool(ACCOUNTING_REPORT),
                ambient.clone(),
            ),
        })
    }

    /// Lets the hosted modules of one database load what they need; after its migrations, before the first request. A command,
    /// which does not serve, may not change when days end.
    ///
    /// # Errors
    /// The database does not answer, or a module finds there what it cannot work with.
    pub async fn prepare(&self, database: &'static str, hosting: &Hosting, serves: bool) -> Result<(), Error> {
        let failed =
            |module: &'static str, error: &dyn std::fmt::Display| Error::Module { module, reason: error.to_string() };
        if database == "tracker" {
            let prepared = if hosting.hosts("identity") {
                self.identity.prepare().await
            } else {
                self.identity.prepare_to_check().await
            };
            return prepared.map_err(|error| match error {
                identity::Error::Database(error) => Error::Database { database, error },
                identity::Error::NotReady => Error::Awaits { module: "identity" },
                error => failed("identity", &error),
            });
        }
        if hosting.hosts("accounting") {
            self.accounting.prepare(serves).await.map_err(|error| match error {
                accounting::Error::Database(error) => Error::Database { database, error },
                error => failed("accounting", &error),
            })?;
        }
        if hosting.hosts("email") {
            self.email.prepare().await.map_err(|error| match error {
                email::Error::Database(error) => Error::Database { database, error },
                error => failed("email", &error),
            })?;
        }
        Ok(())
    }

    /// Days that were missed are closed before anything that waited is booked.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn close_due_days(&self, database: &'static str, hosting: &Hosting) -> Result<(), Error> {
        if database != "accounting" || !hosting.hosts("accounting") {
            return Ok(());
        }
        self.accounting.close_due_days().await.map(drop).map_err(|error| match error {
            accounting::Error::Database(error) => Error::Database { database, error },
            error => Problem::from(error).into(),
        })
    }

    /// Each as a module to be hosted, here or elsewhere.
    #[must_use]
    pub fn all(&self) -> Vec<Module> {
        vec![
            self.identity.module(),
            self.tasks.module(),
            self.accounting.module(),
            self.email.module(),
            self.analytics.module(),
        ]
    }
}

/// Where the file transport writes.
#[must_use]
pub fn mail_folder(data_dir: &Path) -> std::path::PathBuf {
    data_dir.join(MAIL_FOLDER)
}

/// The database of a module's schema.
#[must_use]
pub fn database_of(module: &str) -> Option<&'static str> {
    let entry = TABLE.iter().find(|entry| entry.name == module)?;
    entry.home.as_ref().map(|home| home.database)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[tokio::test]
    async fn the_table_knows_what_each_module_listens_to() {
        let profile = [("PIECEWORK_PROFILE".to_owned(), "test".to_owned())];
        let config = config::load_from(&profile.into(), &[]).unwrap().config;
        let databases = Databases::nowhere().unwrap();
        let modules = Modules::new(&config, &databases, &Ambient::system(), "http://localhost").unwrap();
        for module in modules.all() {
            let entry = TABLE.iter().find(|entry| entry.name == module.name).unwrap();
            let listens_to = module.subscriber.map_or(&[][..], |subscriber| subscriber.event_types());
            assert_eq!(entry.listens_to, listens_to, "{}", module.name);
        }
    }
}
