//! The errors of the tasks module, and the status and code that a client gets for each.

use kernel::http::problem::ProblemCode;
use kernel::http::rate_limit::Exceeded;
use kernel::{DbError, Problem};

use crate::domain::{InvalidTask, Task};

/// Why a use case of tasks fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The fields of a new task are invalid.
    #[error(transparent)]
    Invalid(#[from] InvalidTask),
    /// No task has this id.
    #[error("there is no such task")]
    TaskNotFound,
    /// No reassign run has this id.
    #[error("there is no such reassignment")]
    ReassignmentNotFound,
    /// No pool has this id.
    #[error("there is no such pool")]
    PoolNotFound,
    /// The current pool is empty (DOMAIN T2).
    #[error("no task can be assigned: there is no active worker or accountant")]
    NobodyAssignable,
    /// The person never was the assignee of the task (DOMAIN T5).
    #[error("the task was never assigned to this person")]
    NeverAssigned,
    /// The person is a former assignee of the task (DOMAIN T5).
    #[error("the task is now assigned to another person")]
    AssignedToAnother(Box<Task>),
    /// The task is completed (DOMAIN T5).
    #[error("the task is already completed")]
    AlreadyCompleted(Box<Task>),
    /// A long import holds the order lock.
    #[error("an import is in progress")]
    Busy,
    /// The person's runs are not finished (DOMAIN T6).
    #[error("too many runs of this person are not finished")]
    RateLimited(Exceeded),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

#[rustfmt::skip]
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::TaskNotFound         => Self::new(404, "tasks.not_found",              detail),
            Error::ReassignmentNotFound => Self::new(404, "tasks.reassignment_not_found", detail),
            Error::PoolNotFound         => Self::new(404, "tasks.pool_not_found",         detail),
            Error::NobodyAssignable     => Self::new(409, "tasks.nobody_assignable",      detail),
            Error::NeverAssigned        => Self::new(403, "tasks.never_assigned",         detail),
            Error::AssignedToAnother(_) => Self::new(409, "tasks.assigned_to_another",    detail),
            Error::AlreadyCompleted(_)  => Self::new(409, "tasks.already_completed",      detail),
            Error::Busy                 => Self::unavailable("tasks.busy", detail),
            Error::RateLimited(limit)   => limit.into(),
            Error::Invalid(invalid)     => Self::invalid_fields(invalid.0),
            Error::Database(error)      => error.into(),
        }
    }
}

/// The codes of the table above, with their meaning and their remedy.
pub const PROBLEM_CODES: &[ProblemCode] = &[
    ProblemCode::new(404, "tasks.not_found", "No task has this id.", "Check the id; `GET /tasks` lists the tasks."),
    ProblemCode::new(
        404,
        "tasks.reassignment_not_found",
        "No run has this id.",
        "Check the id; `GET /reassignments` lists the runs.",
    ),
    ProblemCode::new(
        404,
        "tasks.pool_not_found",
        "No pool has this id.",
        "Check the id; the draw of an assignment in the history of its task has it.",
    ),
    ProblemCode::new(
        409,
        "tasks.nobody_assignable",
        "No task can be assigned, because there is no active worker or accountant.",
        "Ask an admin to add or activate a worker or an accountant, then send the request again.",
    ),
    ProblemCode::new(
        403,
        "tasks.never_assigned",
        "The task was never assigned to the caller, so the caller cannot complete it.",
        "Complete only tasks that are assigned to you; `GET /tasks?assignee=me` lists them.",
    ),
    ProblemCode::new(
        409,
        "tasks.assigned_to_another",
        "The task was assigned to the caller before, and is assigned to another person now.",
        "Leave the task to the person in `current`.",
    ),
    ProblemCode::new(
        409,
        "tasks.already_completed",
        "Another person has completed the task.",
        "Nothing is left to do; `current` contains the task.",
    ),
    ProblemCode::new(
        503,
        "tasks.busy",
        "A long import of tasks is in progress.",
        "Send the request again after the time in `Retry-After`.",
    ),
];
