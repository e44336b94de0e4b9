//! `POST /tasks`: creates a task.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::permission::UseTasks;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Answer, Body, answered};
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::TaskView;
use crate::domain::{RawTask, Task};
use crate::service::Tasks;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateTaskRequest {
    /// 1 to 500 characters after trimming. A leading `[POP-42]` becomes the reference.
    #[schema(min_length = 1, example = "Fix the door")]
    title: String,
    /// A ticket reference: capital letters and digits, a hyphen and digits.
    #[schema(example = "POP-42")]
    reference: Option<String>,
    /// At most 10,000 characters.
    #[schema(max_length = 10_000, example = "The door of the third floor does not close.")]
    description: Option<String>,
    /// An http or https address of at most 2,000 characters.
    #[schema(max_length = 2_000, example = "https://example.com/doors/3")]
    link: Option<String>,
}

impl From<CreateTaskRequest> for RawTask {
    fn from(request: CreateTaskRequest) -> Self {
        let CreateTaskRequest { title, reference, description, link } = request;
        Self { title, reference, description, link }
    }
}

/// Creates a task and assigns it to a random person, who is charged the fee
#[utoipa::path(
    tag = "tasks",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("use_tasks"))),
    params(IdempotencyKey),
    request_body = CreateTaskRequest,
    responses(
        (status = 201, body = TaskView, description = "The new task", headers(("Location" = String, description = "The path of the task"))),
        (status = 409, body = ProblemDocument, description = "`tasks.nobody_assignable`"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: a field is not valid"),
    )
)]
#[post("/tasks")]
pub async fn create_task(
    caller: Authorized<UseTasks>,
    tasks: Data<Tasks>,
    Body(request): Body<CreateTaskRequest>,
) -> Result<HttpResponse, Problem> {
    answered(created, tasks.create_task(request.into(), caller.person_id())).await
}

fn created(task: &Task) -> Answer {
    Answer::json(201, &TaskView::from(task.clone())).with_location(format!("/api/v1/tasks/{}", task.task_id))
}
