//! `GET /tasks/{id}`

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::TaskId;
use contracts::permission::UseTasks;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Path;
use kernel::problem::ProblemDocument;

use super::TaskView;
use crate::Tasks;

/// Shows a task
#[utoipa::path(
    tag = "tasks",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("use_tasks"))),
    params(("id" = TaskId, Path)),
    responses((status = 200, body = TaskView), (status = 404, body = ProblemDocument))
)]
#[get("/tasks/{id}")]
pub async fn get_task(
    _caller: Authorized<UseTasks>,
    tasks: Data<Tasks>,
    Path(id): Path<TaskId>,
) -> Result<Json<TaskView>, Problem> {
    Ok(Json(tasks.load_task(id).await?.into()))
}
