//! `POST /tasks`

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::permission::UseTasks;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Body;
use kernel::problem::ProblemDocument;
use serde::Deserialize;
use utoipa::ToSchema;

use super::TaskView;
use crate::{RawTask, Tasks};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateTaskRequest {
    /// 1 to 500 characters after trimming; a leading `[POP-42]` becomes the reference.
    title: String,
    #[schema(example = "POP-42")]
    reference: Option<String>,
    description: Option<String>,
    link: Option<String>,
}

/// Creates a task; the assignee is drawn at random and charged the fee
#[utoipa::path(
    tag = "tasks",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("use_tasks"))),
    request_body = CreateTaskRequest,
    responses(
        (status = 201, body = TaskView, headers(("Location" = String, description = "The task"))),
        (status = 409, body = ProblemDocument, description = "Nobody can be assigned"),
        (status = 422, body = ProblemDocument, description = "A field is wrong"),
    )
)]
#[post("/tasks")]
pub async fn create_task(
    caller: Authorized<UseTasks>,
    tasks: Data<Tasks>,
    Body(request): Body<CreateTaskRequest>,
) -> Result<HttpResponse, Problem> {
    let CreateTaskRequest { title, reference, description, link } = request;
    let raw = RawTask { title, reference, description, link };
    let task = tasks.create_task(raw, caller.person_id()).await?;
    let location = format!("/api/v1/tasks/{}", task.task_id);
    Ok(HttpResponse::Created().insert_header(("Location", location)).json(TaskView::from(task)))
}
