//! Reassign runs (DOMAIN T4, T6, T7).

use chrono::{DateTime, Utc};
use contracts::events::tasks::Assignment;
use contracts::{PersonId, ReassignmentId, TaskId};
use serde::Deserialize;

/// A run: one execution of a reassign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reassignment {
    /// The run.
    pub reassignment_id: ReassignmentId,
    /// Runs execute in this order. A run covers the open tasks whose number is lower.
    pub asked_order: i64,
    /// The run covers only the tasks of this person; `None`: all tasks.
    pub person_id: Option<PersonId>,
    /// The name of that person; `None` also if the module does not know the person yet.
    pub person_name: Option<String>,
    /// The person who requested the run; `None`: the system did (DOMAIN T7).
    pub requested_by: Option<PersonId>,
    /// The name of that person; `None` also if the module does not know the person yet.
    pub requested_by_name: Option<String>,
    /// When the run was requested.
    pub requested_at: DateTime<Utc>,
    /// What the run does now.
    pub status: ReassignmentStatus,
    /// Number of open tasks when the run was requested.
    pub total: i64,
    /// Number of those that are assigned again or were found completed.
    pub done: i64,
    /// Number of those that are assigned again. Each of them is charged.
    pub reassigned: i64,
    /// The sum of the fees of those, in minor units. Tasks without a price at that time are left
    /// out.
    pub cost_minor: i64,
    /// The highest task number that is done. The next chunk begins after it.
    pub resume_after: i64,
    /// When the execution of the run began.
    pub started_at: Option<DateTime<Utc>>,
    /// When the run was completed.
    pub finished_at: Option<DateTime<Utc>>,
    /// Why the last chunk failed; `None` after a chunk that succeeded.
    pub last_error: Option<String>,
    /// The trace of the request that caused the run, if it is known.
    pub traceparent: Option<String>,
}

/// A run that is requested.
#[derive(Debug, Clone)]
pub struct NewReassignment {
    /// The run.
    pub reassignment_id: ReassignmentId,
    /// The run covers only the tasks of this person; `None`: all tasks.
    pub person_id: Option<PersonId>,
    /// The person who requests the run; `None`: the system does (DOMAIN T7).
    pub requested_by: Option<PersonId>,
    /// When the run is requested.
    pub requested_at: DateTime<Utc>,
    /// Number of open tasks.
    pub total: i64,
    /// The trace of the request that causes the run, if it is known.
    pub traceparent: Option<String>,
}

/// What a run does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReassignmentStatus {
    /// The run waits for the runs before it.
    Queued,
    /// At least one chunk is assigned.
    Running,
    /// The current pool is empty. The run continues when a person becomes assignable.
    Blocked,
    /// All tasks are done.
    Completed,
}

/// An assignment that a run has made.
#[derive(Debug, Clone, PartialEq)]
pub struct RunAssignment {
    /// The number of the task in the order of creations, completions and runs.
    pub task_number: i64,
    /// The run.
    pub reassignment_id: ReassignmentId,
    /// When the task was assigned.
    pub assigned_at: DateTime<Utc>,
    /// The assignment, as events contain it.
    pub assignment: Assignment,
}

/// What a reassign of all open tasks would cost now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReassignmentPreview {
    /// Number of open tasks.
    pub open_tasks: i64,
    /// Number of open tasks without a price. The cost does not include them.
    pub unpriced_tasks: i64,
    /// The sum of the fees of all other open tasks, in minor units.
    pub cost_minor: i64,
}

/// An open task that a chunk of a run assigns again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTask {
    /// The task's place in the order of creations, completions and runs.
    pub number: i64,
    /// The task.
    pub task_id: TaskId,
    /// The number of its current assignment, from 1.
    pub assignment: i32,
}

impl ReassignmentStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Running, Self::Blocked, Self::Completed];

    /// The name in the API and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Blocked => "blocked",
            Self::Completed => "completed",
        }
    }

    /// The status with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}
