//! `POST /tasks/{id}/complete`

use actix_web::post;
use actix_web::web::{Data, Json};
use contracts::TaskId;
use contracts::permission::UseTasks;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::{NoBody, Path};
use kernel::problem::ProblemDocument;

use super::TaskView;
use crate::Tasks;

/// Completes a task assigned to the caller, once
#[utoipa::path(
    tag = "tasks",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("use_tasks"))),
    params(("id" = TaskId, Path)),
    responses(
        (status = 200, body = TaskView),
        (status = 403, body = ProblemDocument, description = "It never was the caller's"),
        (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "It is completed, or somebody else's now; `current` shows it"),
    )
)]
#[post("/tasks/{id}/complete")]
pub async fn complete_task(
    caller: Authorized<UseTasks>,
    tasks: Data<Tasks>,
    Path(id): Path<TaskId>,
    _body: NoBody,
) -> Result<Json<TaskView>, Problem> {
    let task = tasks.complete_task(id, caller.person_id()).await?;
    Ok(Json(task.into()))
}
