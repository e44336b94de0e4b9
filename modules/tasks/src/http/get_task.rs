//! `GET /tasks/{id}`: gets a task.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::TaskId;
use contracts::permission::UseTasks;
use kernel::Problem;
use kernel::http::Path;
use kernel::http::auth::Authorized;
use kernel::http::problem::ProblemDocument;

use super::views::TaskView;
use crate::service::Tasks;

/// Gets a task
#[utoipa::path(
    tag = "tasks",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("use_tasks"))),
    params(("id" = TaskId, Path, description = "The task")),
    responses(
        (status = 200, body = TaskView, description = "The task"),
        (status = 404, body = ProblemDocument, description = "`tasks.not_found`"),
    )
)]
#[get("/tasks/{id}")]
pub async fn get_task(
    _caller: Authorized<UseTasks>,
    tasks: Data<Tasks>,
    Path(id): Path<TaskId>,
) -> Result<Json<TaskView>, Problem> {
    Ok(Json(tasks.get_task(id).await?.into()))
}
