//! Which of the modules a process hosts, and what it has to do with each database because of that.

use crate::modules::{Entry, Home, TABLE};

/// Every process reads this module's schema: its keys and revocations are what tokens are checked against.
const CHECKS_TOKENS: &str = "identity";

/// The modules of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosting(Vec<&'static str>);

/// What a process does with a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It never connects.
    Nothing,
    /// None of its modules lives there: a role that may only read will do.
    Reads,
    /// It migrates and writes the schemas of its modules.
    Works,
}

impl Hosting {
    /// What a command is, and a server that is told nothing else.
    #[must_use]
    pub fn all() -> Self {
        Self(TABLE.iter().map(|entry| entry.name).collect())
    }

    /// In the order of the table; all where nobody is named.
    ///
    /// # Errors
    /// The name that no module has.
    pub fn of(names: &[String]) -> Result<Self, &str> {
        if let Some(unknown) = names.iter().find(|name| TABLE.iter().all(|entry| entry.name != name.as_str())) {
            return Err(unknown);
        }
        let is_named = |entry: &&Entry| names.is_empty() || names.iter().any(|name| name == entry.name);
        Ok(Self(TABLE.iter().filter(is_named).map(|entry| entry.name).collect()))
    }

    #[must_use]
    pub fn names(&self) -> &[&'static str] {
        &self.0
    }

    #[must_use]
    pub fn hosts(&self, module: &str) -> bool {
        self.0.contains(&module)
    }

    /// Those that another process has to host.
    #[must_use]
    pub fn left_out(&self) -> Vec<&'static str> {
        TABLE.iter().map(|entry| entry.name).filter(|name| !self.hosts(name)).collect()
    }

    #[must_use]
    pub fn uses(&self, database: &str) -> Use {
        if self.owned_in(database).next().is_some() {
            Use::Works
        } else if self.read_in(database).next().is_some() {
            Use::Reads
        } else {
            Use::Nothing
        }
    }

    /// The schemas in a database that are this process' own.
    pub fn owned_in(&self, database: &str) -> impl Iterator<Item = (&'static Entry, &'static Home)> {
        homes_in(database).filter(|(entry, _)| self.hosts(entry.name))
    }

    /// The schemas there that another process brings up to date and this one reads.
    pub fn read_in(&self, database: &str) -> impl Iterator<Item = (&'static Entry, &'static Home)> {
        homes_in(database).filter(|(entry, _)| !self.hosts(entry.name) && self.reads(entry.name))
    }

    fn reads(&self, module: &str) -> bool {
        module == CHECKS_TOKENS
            || TABLE
                .iter()
                .any(|entry| self.hosts(entry.name) && entry.reads.iter().any(|report| report.module == module))
    }
}

fn homes_in(database: &str) -> impl Iterator<Item = (&'static Entry, &'static Home)> {
    let homes = TABLE.iter().filter_map(|entry| Some((entry, entry.home.as_ref()?)));
    homes.filter(move |(_, home)| home.database == database)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosting(names: &str) -> Hosting {
        Hosting::of(&names.split_terminator(',').map(str::to_owned).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn nobody_named_is_everybody_and_an_unknown_name_is_refused() {
        assert_eq!(hosting(""), Hosting::all());
        assert_eq!(hosting("tasks,identity,tasks").names(), ["identity", "tasks"]);
        assert_eq!(hosting("tasks,identity").left_out(), ["accounting", "email", "analytics"]);
        assert_eq!(Hosting::of(&["tasks".to_owned(), "flying".to_owned()]), Err("flying"));
    }

    #[test]
    fn a_process_uses_the_databases_of_its_modules_and_reads_what_tokens_are_checked_against() {
        for (names, tracker, accounting) in [
            ("", Use::Works, Use::Works),
            ("identity,tasks", Use::Works, Use::Nothing),
            ("tasks", Use::Works, Use::Nothing),
            ("accounting", Use::Reads, Use::Works),
            ("email", Use::Reads, Use::Works),
            ("analytics", Use::Reads, Use::Reads),
        ] {
            let hosting = hosting(names);
            assert_eq!((hosting.uses("tracker"), hosting.uses("accounting")), (tracker, accounting), "{names}");
        }
        let read = |names, database| hosting(names).read_in(database).map(|(entry, _)| entry.name).collect::<Vec<_>>();
        assert_eq!(read("tasks", "tracker"), ["identity"]);
        assert_eq!(read("analytics", "tracker"), ["identity", "tasks"]);
        assert_eq!(read("analytics", "accounting"), ["accounting"]);
    }
}
