//! The catalogue: every module of the system, whether this process hosts it or not.

use kernel::db::ModuleRole;
use kernel::events::bus::Subscription;
use kernel::http::problem::ProblemCode;
use sqlx::migrate::{Migration, Migrator};

use crate::config::DatabaseName;

/// One module, as far as it is known before anything runs.
#[derive(Debug)]
pub struct ModuleEntry {
    /// The module's name, which is also the name of its schema.
    pub name: &'static str,
    /// The schema that the module owns. `None` for a module that owns none.
    pub schema: Option<Schema>,
    /// The modules whose report views this module reads.
    pub reads_reports_of: &'static [&'static str],
    /// The tags of the module's routes in the OpenAPI document, each with a description.
    pub tags: &'static [(&'static str, &'static str)],
    /// The codes of the module's problems.
    pub problem_codes: &'static [ProblemCode],
    /// The types of the events that the module subscribes to.
    pub event_types: &'static [&'static str],
    /// Whether every process reads the module's schema, also one that does not host the module.
    pub is_read_by_every_process: bool,
}

/// The schema of a module.
#[derive(Debug)]
pub struct Schema {
    /// The database that the schema is in.
    pub database: DatabaseName,
    /// The migrations that make the schema.
    pub migrator: &'static Migrator,
    /// The schema of the report views that the module offers to other modules.
    pub report: Option<&'static str>,
}

/// Every module, in the order in which migrations are applied.
pub static CATALOGUE: [ModuleEntry; 6] = [
    // Every process checks tokens against identity's keys and revocations.
    ModuleEntry::new("identity", identity::PROBLEM_CODES)
        .in_database(DatabaseName::Tracker, &identity::MIGRATOR, None)
        .with_tags(&[("identity", "People, roles, sessions, login and the audit trail")])
        .subscribing_to(identity::EVENT_TYPES)
        .read_by_every_process(),
    ModuleEntry::new("tasks", tasks::PROBLEM_CODES)
        .in_database(DatabaseName::Tracker, &tasks::MIGRATOR, Some("tasks_report"))
        .with_tags(&[
            ("tasks", "Creating, listing and completing tasks"),
            ("reassignments", "Assigning all open tasks again by a new draw"),
        ])
        .subscribing_to(tasks::EVENT_TYPES),
    // Accounting reads its own reports, so that its figures of a day are those that analytics
    // reports.
    ModuleEntry::new("accounting", accounting::PROBLEM_CODES)
        .in_database(DatabaseName::Accounting, &accounting::MIGRATOR, Some("accounting_report"))
        .reading_reports_of(&["accounting"])
        .with_tags(&[
            ("wallets", "Balances and transfers of people"),
            ("books", "Earnings of the company, business days, payouts and corrections"),
        ])
        .subscribing_to(accounting::EVENT_TYPES),
    ModuleEntry::new("email", email::PROBLEM_CODES)
        .in_database(DatabaseName::Accounting, &email::MIGRATOR, None)
        .with_tags(&[("email", "The mails and their delivery")])
        .subscribing_to(email::EVENT_TYPES),
    ModuleEntry::new("analytics", analytics::PROBLEM_CODES)
        .reading_reports_of(&["tasks", "accounting"])
        .with_tags(&[("analytics", "Figures for admins, read from the replicas")]),
    ModuleEntry::new("live", &[])
        .reading_reports_of(&["tasks", "accounting"])
        .with_tags(&[("live", "A stream of what changes for the caller")]),
];

impl ModuleEntry {
    const fn new(name: &'static str, problem_codes: &'static [ProblemCode]) -> Self {
        Self {
            name,
            schema: None,
            reads_reports_of: &[],
            tags: &[],
            problem_codes,
            event_types: &[],
            is_read_by_every_process: false,
        }
    }

    const fn in_database(
        mut self,
        database: DatabaseName,
        migrator: &'static Migrator,
        report: Option<&'static str>,
    ) -> Self {
        self.schema = Some(Schema { database, migrator, report });
        self
    }

    const fn reading_reports_of(mut self, modules: &'static [&'static str]) -> Self {
        self.reads_reports_of = modules;
        self
    }

    const fn with_tags(mut self, tags: &'static [(&'static str, &'static str)]) -> Self {
        self.tags = tags;
        self
    }

    const fn subscribing_to(mut self, event_types: &'static [&'static str]) -> Self {
        self.event_types = event_types;
        self
    }

    const fn read_by_every_process(mut self) -> Self {
        self.is_read_by_every_process = true;
        self
    }

    /// The roles in which the module reads report views, each with the database of the views.
    pub fn report_roles(&self) -> impl Iterator<Item = (DatabaseName, ModuleRole)> {
        let schemas = self.reads_reports_of.iter().filter_map(|module| entry(module)?.schema.as_ref());
        schemas.filter_map(|schema| Some((schema.database, ModuleRole::reading(self.name, schema.report?))))
    }
}

impl Schema {
    /// A migrator that applies these migrations of the module. Migrations that the database has
    /// and that are not among them are left alone.
    #[must_use]
    pub fn migrator_of(&self, module: &'static str, migrations: Vec<Migration>) -> Migrator {
        let mut migrator = Migrator::with_migrations(migrations);
        migrator.dangerous_set_table_name(self.migrator.table_name.clone());
        migrator.create_schema(module);
        migrator.set_ignore_missing(true);
        migrator
    }
}

/// The entry of a module. `None` if there is no module of that name.
#[must_use]
pub fn entry(module: &str) -> Option<&'static ModuleEntry> {
    CATALOGUE.iter().find(|entry| entry.name == module)
}

/// The database of a module's schema. `None` for a module that owns no schema.
#[must_use]
pub fn database_of(module: &str) -> Option<DatabaseName> {
    Some(entry(module)?.schema.as_ref()?.database)
}

/// The schemas in one database, each with its module.
pub(super) fn schemas_in(database: DatabaseName) -> impl Iterator<Item = (&'static ModuleEntry, &'static Schema)> {
    let schemas = CATALOGUE.iter().filter_map(|entry| Some((entry, entry.schema.as_ref()?)));
    schemas.filter(move |(_, schema)| schema.database == database)
}

/// The roles that modules have in one database.
#[must_use]
pub fn roles_in(database: DatabaseName) -> Vec<ModuleRole> {
    let owning = schemas_in(database).map(|(entry, _)| ModuleRole::owning(entry.name));
    let reading = CATALOGUE.iter().flat_map(ModuleEntry::report_roles).filter(|(place, _)| *place == database);
    owning.chain(reading.map(|(_, role)| role)).collect()
}

/// The subscriptions of every module of the system.
#[must_use]
pub fn subscriptions() -> Vec<Subscription> {
    let subscribers = CATALOGUE.iter().filter(|entry| !entry.event_types.is_empty());
    subscribers.map(|entry| Subscription { subscriber: entry.name, event_types: entry.event_types }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_from;

    #[test]
    fn the_settings_name_a_url_for_every_module() {
        for entry in &CATALOGUE {
            let variable = format!("PIECEWORK__MODULES__{}__URL", entry.name.to_uppercase());
            let loaded = load_from(&[(variable, "http://other:8080".to_owned())].into(), &[]);
            assert!(
                loaded.is_ok_and(|loaded| loaded.config.modules.url_of(entry.name).unwrap().is_some()),
                "{}",
                entry.name
            );
        }
    }

    #[test]
    fn a_module_reads_the_reports_of_modules_that_offer_some() {
        for entry in &CATALOGUE {
            assert_eq!(entry.report_roles().count(), entry.reads_reports_of.len(), "{}", entry.name);
        }
    }
}
