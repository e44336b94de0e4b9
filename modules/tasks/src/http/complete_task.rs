//! `POST /tasks/{id}/complete`: completes a task, once.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::TaskId;
use contracts::permission::UseTasks;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Answer, NoBody, Path, answered};

use super::views::TaskView;
use crate::domain::Task;
use crate::error::Error;
use crate::service::Tasks;

/// Completes a task that is assigned to the caller, once
#[utoipa::path(
    tag = "tasks",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("use_tasks"))),
    params(("id" = TaskId, Path, description = "The task"), IdempotencyKey),
    responses(
        (status = 200, body = TaskView, description = "The task is completed, by this request or by an earlier one of the caller"),
        (status = 403, body = ProblemDocument, description = "`tasks.never_assigned`"),
        (status = 404, body = ProblemDocument, description = "`tasks.not_found`"),
        (status = 409, body = ProblemDocument, description = "`tasks.already_completed`, `tasks.assigned_to_another`: the field `current` contains the task"),
    )
)]
#[post("/tasks/{id}/complete")]
pub async fn complete_task(
    caller: Authorized<UseTasks>,
    tasks: Data<Tasks>,
    Path(id): Path<TaskId>,
    _body: NoBody,
) -> Result<HttpResponse, Problem> {
    let completed = |task: &Task| Answer::json(200, &TaskView::from(task.clone()));
    answered(completed, async { tasks.complete_task(id, caller.person_id()).await.map_err(refuse) }).await
}

/// The problem of an error, with the current state of the task if the task has changed.
pub(super) fn refuse(error: Error) -> Problem {
    let current = match &error {
        Error::AssignedToAnother(task) | Error::AlreadyCompleted(task) => Some(TaskView::from(Task::clone(task))),
        _ => None,
    };
    let problem = Problem::from(error);
    match current {
        Some(task) => problem.with_current(&task),
        None => problem,
    }
}
