//! The object graph: every module, built from its settings and its pools.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use kernel::db::ModuleRole;
use kernel::{Ambient, Module, ReadPool, WritePool};

use super::catalogue::{ModuleEntry, database_of, entry};
use crate::Error;
use crate::config::Config;
use crate::data_directory::MAIL_FOLDER;
use crate::databases::Databases;

/// The modules as objects, by what they can do. Clones share everything.
#[derive(Clone)]
pub struct Modules {
    /// People, sessions and tokens.
    pub identity: identity::Identity,
    /// Tasks and reassigns.
    pub tasks: tasks::Tasks,
    /// Prices, wallets and business days.
    pub accounting: accounting::Accounting,
    /// The queue of mail.
    pub email: email::Email,
    /// Figures across modules.
    pub analytics: analytics::Analytics,
    /// The event streams of people.
    pub live: live::Live,
}

impl Modules {
    /// Builds every module from its settings and pools. It connects to nothing yet.
    ///
    /// # Errors
    /// A module refuses its settings.
    pub fn new(config: &Config, databases: &Databases, ambient: &Ambient, public_url: &str) -> Result<Self, Error> {
        let pools = Pools { databases, ambient };
        let accounting = {
            let (write, read) = pools.owning("accounting")?;
            accounting::Accounting::new(write, read, &config.accounting).map_err(refused)?
        };
        let identity = {
            let (write, read) = pools.owning("identity")?;
            let limits = identity::LoginLimits::new(
                config.limits.failed_logins_per_address_per_minute,
                config.limits.failed_logins_per_account_per_hour,
                config.limits.password_resets_per_address_per_hour,
            );
            let identity = identity::Identity::new(write, read, config.auth.clone()).map_err(refused)?;
            identity.with_login_limits(limits).with_sso(&config.sso, public_url).map_err(refused)?
        };
        let tasks = {
            let (write, read) = pools.owning("tasks")?;
            // A preview shows amounts, and only accounting knows the currencies.
            let currency = accounting.money(0).currency;
            tasks::Tasks::new(write, read, config.tasks.clone(), currency)
                .with_unfinished_runs(config.limits.unfinished_reassigns_per_person)
        };
        let email = {
            let (write, read) = pools.owning("email")?;
            let folder = mail_folder(&config.data_dir);
            email::Email::new(write, read, config.email.clone(), folder, public_url.to_owned()).map_err(refused)?
        };
        let analytics = {
            let [tasks, accounting] = pools.reading_reports("analytics")?;
            analytics::Analytics::new(tasks, accounting, ambient.clone())
        };
        let live = {
            let [tasks, accounting] = pools.reading_reports("live")?;
            live::Live::new(tasks, accounting)
        };
        Ok(Self { identity, tasks, accounting, email, analytics, live })
    }

    /// Builds every module and drops it, without a database.
    ///
    /// # Errors
    /// A module refuses its settings.
    pub fn check_settings(config: &Config) -> Result<(), Error> {
        let public_url = config.http.public_url(config.http.port);
        Self::new(config, &Databases::unreachable()?, &Ambient::system(), &public_url).map(drop)
    }

    /// Every module as the process that hosts it sees it, in the order of the catalogue.
    #[must_use]
    pub fn all(&self) -> Vec<Module> {
        vec![
            self.identity.module(),
            self.tasks.module(),
            self.accounting.module(),
            self.email.module(),
            self.analytics.module(),
            self.live.module(),
        ]
    }
}

/// Cuts the modules' pools from the databases.
struct Pools<'a> {
    databases: &'a Databases,
    ambient: &'a Ambient,
}

impl Pools<'_> {
    /// The pools of a module that owns a schema, in the module's role.
    fn owning(&self, module: &'static str) -> Result<(WritePool, ReadPool), Error> {
        let database = database_of(module).ok_or_else(|| not_in_catalogue(module))?;
        let database = self.databases.get(database);
        Ok((database.write_pool(module, self.ambient), database.read_pool(ModuleRole::owning(module))))
    }

    /// The pools in which a module reads the report views of others, in the order of the catalogue.
    fn reading_reports<const N: usize>(&self, module: &'static str) -> Result<[ReadPool; N], Error> {
        let roles = entry(module).into_iter().flat_map(ModuleEntry::report_roles);
        let pools: Vec<ReadPool> = roles.map(|(name, role)| self.databases.get(name).read_pool(role)).collect();
        pools.try_into().map_err(|_| not_in_catalogue(module))
    }
}

fn refused(error: impl Display) -> Error {
    Error::Configuration(format!("settings: {error}"))
}

fn not_in_catalogue(module: &str) -> Error {
    Error::Failed(format!("the catalogue of modules does not say in which databases {module} works"))
}

/// The folder into which the file transport writes mail.
#[must_use]
pub fn mail_folder(data_dir: &Path) -> PathBuf {
    data_dir.join(MAIL_FOLDER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::modules::CATALOGUE;

    fn modules() -> Vec<Module> {
        let profile = [("PIECEWORK_PROFILE".to_owned(), "test".to_owned())];
        let config = config::load_from(&profile.into(), &[]).unwrap().config;
        let databases = Databases::unreachable().unwrap();
        Modules::new(&config, &databases, &Ambient::system(), "http://localhost").unwrap().all()
    }

    #[tokio::test]
    async fn the_catalogue_and_the_object_graph_have_the_same_modules_in_the_same_order() {
        let built: Vec<_> = modules().iter().map(|module| module.name).collect();
        assert_eq!(built, CATALOGUE.iter().map(|entry| entry.name).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn each_module_with_a_schema_has_a_job_that_prunes_its_idempotency_keys() {
        for module in modules() {
            let name = format!("{}.prune_idempotency_keys", module.name);
            let has_job = module.jobs.iter().any(|job| job.name == name);
            assert_eq!(has_job, module.write.is_some(), "{}", module.name);
        }
    }

    #[tokio::test]
    async fn the_catalogue_knows_what_each_module_owns_and_subscribes_to() {
        for module in modules() {
            let entry = entry(module.name).unwrap();
            assert_eq!(entry.schema.is_some(), module.write.is_some(), "{}", module.name);
            let event_types = module.subscriber.map_or(&[][..], |subscriber| subscriber.event_types());
            assert_eq!(entry.event_types, event_types, "{}", module.name);
        }
    }
}
