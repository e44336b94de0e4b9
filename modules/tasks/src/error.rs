//! What can go wrong with tasks, and how the gateway says it.

use kernel::Problem;

use crate::domain::InvalidTask;
use crate::http::TaskView;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Invalid(#[from] InvalidTask),
    #[error("there is no such task")]
    TaskNotFound,
    #[error("there is no such reassignment")]
    ReassignmentNotFound,
    #[error("nobody can be assigned a task: there is no active worker or accountant")]
    NobodyAssignable,
    #[error("the task was never assigned to this person")]
    NeverAssigned,
    /// Somebody who had the task once; it is with another person now (DOMAIN T5).
    #[error("the task is assigned to somebody else now")]
    AssignedToAnother(Box<TaskView>),
    #[error("the task is already completed")]
    AlreadyCompleted(Box<TaskView>),
    #[error("a long import is under way")]
    Busy,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Invalid(invalid) => Self::invalid_fields(invalid.0),
            Error::TaskNotFound => Self::new(404, "tasks.not_found", text),
            Error::ReassignmentNotFound => Self::new(404, "tasks.reassignment_not_found", text),
            Error::NobodyAssignable => Self::new(409, "tasks.nobody_assignable", text),
            Error::NeverAssigned => Self::new(403, "tasks.never_assigned", text),
            Error::AssignedToAnother(task) => Self::new(409, "tasks.assigned_to_another", text).with_current(&*task),
            Error::AlreadyCompleted(task) => Self::new(409, "tasks.already_completed", text).with_current(&*task),
            Error::Busy => Self::unavailable("tasks.busy", text),
            Error::Database(error) => error.into(),
        }
    }
}
