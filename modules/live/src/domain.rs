//! What a stream shows: the state of a person, its versions, and what has changed between two.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use contracts::{PersonId, ReassignmentId};

/// The open tasks of one person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OpenTasks {
    /// Differs when a task comes, goes, is assigned again or gets its price.
    pub version: u64,
    /// Number of the open tasks.
    pub open: i64,
}

/// A run that goes on, or the one that was completed last.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Run {
    /// The id of the run.
    pub reassignment_id: ReassignmentId,
    /// `queued`, `running`, `blocked` or `completed`.
    pub status: String,
    /// Number of the tasks that were open when the run was requested.
    pub total: i64,
    /// Number of the tasks that the run has handled.
    pub done: i64,
    /// Number of the tasks that the run has assigned again.
    pub reassigned: i64,
}

/// What the database of the tasks module says about the people of this process's streams.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TasksState {
    /// The open tasks of every person who was asked for.
    pub people: HashMap<PersonId, OpenTasks>,
    /// The runs that go on, and the one that was completed last.
    pub runs: Vec<Run>,
    /// Differs when one of the runs has changed.
    pub runs_version: u64,
    /// A position of the log at which all of this is visible.
    pub position: String,
}

/// What the database of accounting says about the people of this process's streams.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WalletsState {
    /// Number of the lines of the wallet of every person who was asked for. A booking adds lines
    /// and never removes one.
    pub lines: HashMap<PersonId, i64>,
    /// A position of the log at which all of this is visible.
    pub position: String,
}

/// The versions that a client has seen. Their text is the id of an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Versions {
    /// The version of the person's open tasks.
    pub tasks: u64,
    /// Number of the lines of the person's wallet.
    pub wallet_lines: u64,
    /// The version of the runs.
    pub runs: u64,
}

/// The text is not the id of an event.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not the id of an event")]
pub(crate) struct InvalidVersions;

impl fmt::Display for Versions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:x}.{:x}.{:x}", self.tasks, self.wallet_lines, self.runs)
    }
}

impl FromStr for Versions {
    type Err = InvalidVersions;

    fn from_str(text: &str) -> Result<Self, InvalidVersions> {
        let mut parts = text.split('.').map(|part| u64::from_str_radix(part, 16).map_err(|_| InvalidVersions));
        let mut next = || parts.next().unwrap_or(Err(InvalidVersions));
        let versions = Self { tasks: next()?, wallet_lines: next()?, runs: next()? };
        match next() {
            Ok(_) => Err(InvalidVersions),
            Err(_) if versions.to_string() != text => Err(InvalidVersions),
            Err(_) => Ok(versions),
        }
    }
}

/// One change that a person sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// The person's open tasks have changed.
    Tasks {
        /// Number of the open tasks.
        open: i64,
        /// A position at which the change is visible.
        position: String,
    },
    /// The person's wallet has changed.
    Wallet {
        /// Number of the lines of the wallet.
        lines: i64,
        /// A position at which the change is visible.
        position: String,
    },
    /// A run has progressed.
    Run {
        /// The run.
        run: Run,
        /// A position at which the change is visible.
        position: String,
    },
}

/// Compares the open tasks of a person and the runs with the versions that their stream has shown,
/// and raises these versions. Each change comes with the versions after it. A person who was not
/// asked for has no change.
pub(crate) fn compare_tasks(
    state: &TasksState,
    person_id: PersonId,
    sees_runs: bool,
    shown: &mut Versions,
) -> Vec<(Versions, Change)> {
    let mut changes = Vec::new();
    let tasks = state.people.get(&person_id).filter(|tasks| tasks.version != shown.tasks);
    if let Some(tasks) = tasks {
        shown.tasks = tasks.version;
        changes.push((*shown, Change::Tasks { open: tasks.open, position: state.position.clone() }));
    }
    if sees_runs && state.runs_version != shown.runs {
        let before = *shown;
        shown.runs = state.runs_version;
        for (index, run) in state.runs.iter().enumerate() {
            // A client that has seen only some of the runs sees all of them again.
            let versions = if index + 1 == state.runs.len() { *shown } else { before };
            changes.push((versions, Change::Run { run: run.clone(), position: state.position.clone() }));
        }
    }
    changes
}

/// Like [`compare_tasks`], for the person's wallet. A replica that is behind shows no change.
pub(crate) fn compare_wallet(
    state: &WalletsState,
    person_id: PersonId,
    shown: &mut Versions,
) -> Option<(Versions, Change)> {
    let lines = *state.lines.get(&person_id)?;
    let version = u64::try_from(lines).unwrap_or_default();
    if version <= shown.wallet_lines {
        return None;
    }
    shown.wallet_lines = version;
    Some((*shown, Change::Wallet { lines, position: state.position.clone() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> PersonId {
        uuid::Uuid::from_u128(1).into()
    }

    fn run(number: u128) -> Run {
        let reassignment_id = ReassignmentId::from(uuid::Uuid::from_u128(number));
        Run { reassignment_id, status: "running".to_owned(), total: 3, done: 1, reassigned: 1 }
    }

    fn tasks_state(version: u64, runs: Vec<Run>, runs_version: u64) -> TasksState {
        let people = HashMap::from([(person(), OpenTasks { version, open: 2 })]);
        TasksState { people, runs, runs_version, position: "first=0/1".to_owned() }
    }

    #[test]
    fn the_id_of_an_event_is_read_as_it_is_written() {
        let versions = Versions { tasks: u64::MAX, wallet_lines: 12, runs: 0 };
        assert_eq!(versions.to_string().parse(), Ok(versions));
        for text in ["", "1", "1.2", "1.2.3.4", "1.2.x", "1.2.+3", "01.2.3", "1.2.3 ", "1.2.A", "10000000000000000.1.1"]
        {
            assert_eq!(text.parse::<Versions>(), Err(InvalidVersions), "{text}");
        }
    }

    #[test]
    fn what_was_shown_is_not_shown_again() {
        let state = tasks_state(7, vec![run(1)], 9);
        let mut shown = Versions::default();
        assert_eq!(compare_tasks(&state, person(), true, &mut shown).len(), 2);
        assert_eq!(shown, Versions { tasks: 7, wallet_lines: 0, runs: 9 });
        assert_eq!(compare_tasks(&state, person(), true, &mut shown), []);
    }

    #[test]
    fn who_may_not_reassign_sees_no_run() {
        let mut shown = Versions { tasks: 7, ..Versions::default() };
        assert_eq!(compare_tasks(&tasks_state(7, vec![run(1)], 9), person(), false, &mut shown), []);
    }

    #[test]
    fn a_client_that_has_seen_one_of_two_runs_sees_both_again() {
        let mut shown = Versions { tasks: 7, ..Versions::default() };
        let changes = compare_tasks(&tasks_state(7, vec![run(1), run(2)], 9), person(), true, &mut shown);
        assert_eq!(changes.iter().map(|(versions, _)| versions.runs).collect::<Vec<_>>(), [0, 9]);
    }

    #[test]
    fn a_person_without_tasks_has_an_event_when_the_last_one_goes() {
        let mut shown = Versions { tasks: 7, ..Versions::default() };
        let people = HashMap::from([(person(), OpenTasks::default())]);
        let changes = compare_tasks(&TasksState { people, ..TasksState::default() }, person(), false, &mut shown);
        let expected = Change::Tasks { open: 0, position: String::new() };
        assert_eq!(changes, [(Versions::default(), expected)]);
    }

    #[test]
    fn a_person_who_was_not_asked_for_has_no_change() {
        let mut shown = Versions { tasks: 7, wallet_lines: 1, runs: 0 };
        assert_eq!(compare_tasks(&TasksState::default(), person(), false, &mut shown), []);
        assert_eq!(compare_wallet(&WalletsState::default(), person(), &mut shown), None);
    }

    #[test]
    fn a_wallet_on_a_replica_that_is_behind_is_no_change() {
        let state = |lines| WalletsState { lines: HashMap::from([(person(), lines)]), position: String::new() };
        let mut shown = Versions { wallet_lines: 4, ..Versions::default() };
        assert_eq!(compare_wallet(&state(3), person(), &mut shown), None);
        assert_eq!(compare_wallet(&state(4), person(), &mut shown), None);
        assert!(compare_wallet(&state(5), person(), &mut shown).is_some());
        assert_eq!(shown.wallet_lines, 5);
    }
}
