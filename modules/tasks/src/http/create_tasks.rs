//! `POST /tasks/batch`: creates several tasks.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::permission::UseTasks;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Answer, Body, PersonLimits, answered, shielded};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::create_task::CreateTaskRequest;
use super::views::TaskView;
use crate::domain::{RawTask, Task};
use crate::service::Tasks;

/// Maximum size of the body: 500 tasks of 4 KiB, which is more than a title, a link and a short
/// description have.
const BODY_LIMIT_BYTES: usize = 2 * 1024 * 1024;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateTasksRequest {
    /// The tasks, 1 to 500.
    #[schema(min_items = 1, max_items = 500)]
    tasks: Vec<CreateTaskRequest>,
}

#[derive(Serialize, ToSchema)]
struct CreatedTasksView {
    /// The new tasks, in the order of the request.
    items: Vec<TaskView>,
}

/// Creates 1 to 500 tasks and assigns each to a random person, who is charged its fee
///
/// All tasks are created or none. Each has a draw of its own. A body has at most 2 MiB.
#[utoipa::path(
    tag = "tasks",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("use_tasks")), ("x-body-limit-bytes" = json!(2_097_152))),
    params(IdempotencyKey),
    request_body = CreateTasksRequest,
    responses(
        (status = 201, body = CreatedTasksView, description = "All tasks are created", headers(("Location" = String, description = "The list of tasks"))),
        (status = 409, body = ProblemDocument, description = "`tasks.nobody_assignable`: no task is created"),
        (status = 413, body = ProblemDocument, description = "`body_too_large`: the body is longer than 2 MiB"),
        (status = 429, body = ProblemDocument, description = "`rate_limited`: a limit of the person is used up; each task counts"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the number of tasks or a field is not valid; `errors` names each, as `/tasks/3/title`; no task is created"),
    )
)]
#[post("/tasks/batch")]
pub async fn create_tasks(
    caller: Authorized<UseTasks>,
    tasks: Data<Tasks>,
    limits: Data<PersonLimits>,
    Body(request): Body<CreateTasksRequest, BODY_LIMIT_BYTES>,
) -> Result<HttpResponse, Problem> {
    let raw: Vec<RawTask> = request.tasks.into_iter().map(RawTask::from).collect();
    let work = shielded(async move { tasks.create_tasks(raw, caller.person_id(), &limits).await });
    answered(|tasks: &Vec<Task>| created(tasks), work).await
}

fn created(tasks: &[Task]) -> Answer {
    let items = tasks.iter().cloned().map(TaskView::from).collect();
    Answer::json(201, &CreatedTasksView { items }).with_location("/api/v1/tasks")
}
