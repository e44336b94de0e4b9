//! The plan: which modules this process hosts, where the other modules are, and what the process
//! needs for that. All checks of settings against each other are here.

use std::collections::BTreeMap;

use hyper::Uri;

use super::catalogue::{CATALOGUE, ModuleEntry, Schema, entry, schemas_in};
use crate::config::{BusKind, Config, DatabaseName, Error};
use crate::databases::DatabaseAccess;

/// The modules of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModulePlan {
    /// The names of the hosted modules, in the order of the catalogue.
    hosted: Vec<&'static str>,
    /// The URL of a process that hosts the module, for each module whose URL is set.
    urls: BTreeMap<&'static str, Uri>,
}

impl ModulePlan {
    /// All modules are hosted by this process: what a command needs.
    #[must_use]
    pub fn host_all() -> Self {
        Self { hosted: CATALOGUE.iter().map(|entry| entry.name).collect(), urls: BTreeMap::new() }
    }

    /// The plan of a server with these settings, which are checked against each other.
    ///
    /// # Errors
    /// Settings that do not fit together. The error names the setting to change.
    pub fn from_settings(config: &Config) -> Result<Self, Error> {
        let mut urls = BTreeMap::new();
        for entry in &CATALOGUE {
            urls.extend(config.modules.url_of(entry.name)?.map(|url| (entry.name, url)));
        }
        let plan = Self { hosted: hosted(&config.modules.hosted)?, urls };
        plan.check_bus(config)?;
        plan.check_databases(config)?;
        Ok(plan)
    }

    /// The names of the modules that this process hosts, in the order of the catalogue.
    #[must_use]
    pub fn hosted(&self) -> &[&'static str] {
        &self.hosted
    }

    /// Whether this process hosts the module.
    #[must_use]
    pub fn hosts(&self, module: &str) -> bool {
        self.hosted.contains(&module)
    }

    /// Whether this process hosts every module.
    #[must_use]
    pub const fn hosts_all(&self) -> bool {
        self.hosted.len() == CATALOGUE.len()
    }

    /// The names of the modules that other processes host.
    #[must_use]
    pub fn remote(&self) -> Vec<&'static str> {
        CATALOGUE.iter().map(|entry| entry.name).filter(|name| !self.hosts(name)).collect()
    }

    /// The URL of a process that hosts the module. `None` if it is not set.
    #[must_use]
    pub fn url_of(&self, module: &str) -> Option<&Uri> {
        self.urls.get(module)
    }

    /// What this process does with a database.
    #[must_use]
    pub fn access_to(&self, database: DatabaseName) -> DatabaseAccess {
        if self.owned_in(database).next().is_some() {
            DatabaseAccess::ReadWrite
        } else if self.read_in(database).next().is_some() {
            DatabaseAccess::Read
        } else {
            DatabaseAccess::None
        }
    }

    /// The schemas in a database that belong to hosted modules: this process migrates them.
    pub fn owned_in(&self, database: DatabaseName) -> impl Iterator<Item = (&'static ModuleEntry, &'static Schema)> {
        schemas_in(database).filter(|(entry, _)| self.hosts(entry.name))
    }

    /// The schemas in a database that another process migrates and this process reads.
    pub fn read_in(&self, database: DatabaseName) -> impl Iterator<Item = (&'static ModuleEntry, &'static Schema)> {
        schemas_in(database).filter(|(entry, _)| !self.hosts(entry.name) && self.reads(entry))
    }

    fn reads(&self, module: &ModuleEntry) -> bool {
        let reads_reports =
            |reader: &&str| entry(reader).is_some_and(|reader| reader.reads_reports_of.contains(&module.name));
        module.is_read_by_every_process || self.hosted.iter().any(reads_reports)
    }

    fn check_databases(&self, config: &Config) -> Result<(), Error> {
        let is_one_set = !config.databases.are_embedded();
        for (name, database) in config.databases.iter().filter(|(_, database)| database.write_url.is_none()) {
            if !database.read_urls.is_empty() {
                return Err(Error::invalid(format!("databases.{name}.read_urls"), "needs a write_url beside it"));
            }
            let reason = match self.access_to(name) {
                _ if self.hosts_all() && is_one_set => {
                    "but that of the other database is: set both, or none for the embedded PostgreSQL"
                }
                _ if self.hosts_all() => continue,
                DatabaseAccess::None => continue,
                DatabaseAccess::ReadWrite => {
                    "and modules that this process hosts are in it; the embedded PostgreSQL is for a process that \
                     hosts all modules"
                }
                DatabaseAccess::Read => {
                    "and this process reads it, if only to check tokens (a role that may only read is enough); the \
                     embedded PostgreSQL is for a process that hosts all modules"
                }
            };
            return Err(Error::invalid(format!("databases.{name}.write_url"), format!("is not set, {reason}")));
        }
        Ok(())
    }

    fn check_bus(&self, config: &Config) -> Result<(), Error> {
        match config.bus.kind {
            BusKind::RabbitMq => config.bus.address().map(drop),
            BusKind::Broadcast if self.hosts_all() => Ok(()),
            BusKind::Broadcast => {
                let remote = self.remote().join(", ");
                let reason = format!(
                    "is broadcast, which does not leave this process, and `modules.hosted` leaves out {remote}: set it \
                     to rabbitmq (`--bus rabbitmq`) with bus.amqp_url, or host all modules"
                );
                Err(Error::invalid("bus.kind", reason))
            }
        }
    }
}

/// The named modules in the order of the catalogue; all modules if none is named.
fn hosted(names: &[String]) -> Result<Vec<&'static str>, Error> {
    let all = CATALOGUE.iter().map(|entry| entry.name);
    if let Some(unknown) = names.iter().find(|name| entry(name).is_none()) {
        let known = all.collect::<Vec<_>>().join(", ");
        let reason = format!("names `{unknown}`, and there is no such module; there are {known}");
        return Err(Error::invalid("modules.hosted", reason));
    }
    Ok(all.filter(|module| names.is_empty() || names.iter().any(|name| name == module)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_from;

    const TRACKER: (&str, &str) = ("PIECEWORK__DATABASES__TRACKER__WRITE_URL", "postgres://a/tracker");
    const ACCOUNTING: (&str, &str) = ("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL", "postgres://b/accounting");
    const RABBITMQ: [(&str, &str); 2] =
        [("PIECEWORK__BUS__KIND", "rabbitmq"), ("PIECEWORK__BUS__AMQP_URL", "amqp://mq1/%2f")];

    fn hosting(names: &'static str) -> (&'static str, &'static str) {
        ("PIECEWORK__MODULES__HOSTED", names)
    }

    fn plan_with(variables: &[(&str, &str)]) -> Result<ModulePlan, Error> {
        let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        ModulePlan::from_settings(&load_from(&environment.collect(), &[]).unwrap().config)
    }

    fn error_of(variables: &[(&str, &str)]) -> String {
        plan_with(variables).expect_err("settings that are refused").to_string()
    }

    fn plan(names: &'static str) -> ModulePlan {
        plan_with(&[&RABBITMQ[..], &[hosting(names), TRACKER, ACCOUNTING]].concat()).unwrap()
    }

    #[test]
    fn a_process_hosts_all_modules_unless_the_settings_name_some() {
        assert_eq!(plan_with(&[hosting("")]).unwrap(), ModulePlan::host_all());
        assert_eq!(plan("tasks,identity,tasks").hosted(), ["identity", "tasks"]);
        assert_eq!(plan("tasks,identity").remote(), ["accounting", "email", "analytics", "live"]);
        let error = error_of(&[hosting("tasks,flying")]);
        assert!(
            error.contains("`flying`") && error.contains("identity, tasks, accounting, email, analytics, live"),
            "{error}"
        );
    }

    #[test]
    fn a_process_uses_the_databases_of_its_modules_and_reads_what_tokens_are_checked_against() {
        use DatabaseAccess::{None, Read, ReadWrite};
        for (names, tracker, accounting) in [
            ("", ReadWrite, ReadWrite),
            ("identity,tasks", ReadWrite, None),
            ("tasks", ReadWrite, None),
            ("accounting", Read, ReadWrite),
            ("email", Read, ReadWrite),
            ("analytics", Read, Read),
        ] {
            let access = DatabaseName::ALL.map(|database| plan(names).access_to(database));
            assert_eq!(access, [tracker, accounting], "{names}");
        }
        let read = |names, database| plan(names).read_in(database).map(|(entry, _)| entry.name).collect::<Vec<_>>();
        assert_eq!(read("tasks", DatabaseName::Tracker), ["identity"]);
        assert_eq!(read("analytics", DatabaseName::Tracker), ["identity", "tasks"]);
        assert_eq!(read("analytics", DatabaseName::Accounting), ["accounting"]);
    }

    #[test]
    fn a_process_that_hosts_all_modules_has_the_addresses_of_both_databases_or_of_none() {
        let error = error_of(&[TRACKER]);
        assert!(error.contains("databases.accounting.write_url") && error.contains("set both"), "{error}");
        let error = error_of(&[("PIECEWORK__DATABASES__TRACKER__READ_URLS", "postgres://r1/tracker")]);
        assert!(error.contains("databases.tracker.read_urls"), "{error}");
        assert!(plan_with(&[TRACKER, ACCOUNTING]).is_ok());
        assert!(plan_with(&[]).is_ok());
    }

    #[test]
    fn a_process_that_hosts_some_modules_needs_a_bus_between_processes_and_their_databases() {
        let error = error_of(&[hosting("identity,tasks"), TRACKER]);
        assert!(
            error.contains("`bus.kind`") && error.contains("leaves out accounting, email, analytics, live"),
            "{error}"
        );
        let with_bus = |names, databases: &[(&'static str, &'static str)]| {
            plan_with(&[&RABBITMQ[..], &[hosting(names)], databases].concat())
        };
        for (names, databases, missing) in [
            ("identity,tasks", &[][..], "databases.tracker.write_url"),
            ("accounting", &[ACCOUNTING], "databases.tracker.write_url"),
            ("accounting", &[TRACKER], "databases.accounting.write_url"),
            ("analytics", &[TRACKER], "databases.accounting.write_url"),
            // A process that names every module hosts all modules.
            ("identity,tasks,accounting,email,analytics,live", &[TRACKER], "databases.accounting.write_url"),
        ] {
            let error = with_bus(names, databases).expect_err("a database is missing").to_string();
            assert!(error.contains(missing) && error.contains("is not set"), "{names}: {error}");
        }
        assert_eq!(with_bus("identity,tasks", &[TRACKER]).unwrap().hosted(), ["identity", "tasks"]);
    }

    #[test]
    fn a_bus_between_processes_needs_the_address_of_its_broker() {
        let error = error_of(&[("PIECEWORK__BUS__KIND", "rabbitmq")]);
        assert!(error.contains("`bus.amqp_url` is not set"), "{error}");
        let error = error_of(&[("PIECEWORK__BUS__KIND", "rabbitmq"), ("PIECEWORK__BUS__AMQP_URL", "mq1:5672")]);
        assert!(error.contains("`bus.amqp_url` begins with amqp://"), "{error}");
    }
}
