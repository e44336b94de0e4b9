//! `POST /tasks/complete-batch`: completes several tasks, each once.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::TaskId;
use contracts::permission::UseTasks;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Answer, Body, answered, shielded};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::complete_task::refuse;
use super::views::TaskView;
use crate::complete::Completion;
use crate::error::Error;
use crate::service::Tasks;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CompleteTasksRequest {
    /// The ids of the tasks, 1 to 500.
    #[schema(min_items = 1, max_items = 500)]
    task_ids: Vec<TaskId>,
}

#[derive(Serialize, ToSchema)]
struct CompletedTasksView {
    /// An outcome for each id, in the order of the request.
    items: Vec<CompletionView>,
}

/// The outcome for one task.
#[derive(Serialize, ToSchema)]
#[schema(as = TaskCompletionOutcome)]
struct CompletionView {
    /// The id in the request.
    task_id: TaskId,
    /// The status that `POST /tasks/{id}/complete` would have: 200, 403, 404 or 409.
    #[schema(minimum = 200, maximum = 409, example = 200)]
    status: u16,
    /// The completed task, if the status is 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    task: Option<TaskView>,
    /// The problem that `POST /tasks/{id}/complete` would have, if the status is not 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<ProblemDocument>,
}

/// Completes 1 to 500 tasks that are assigned to the caller, each once
///
/// Each task has an outcome of its own. A refused task changes nothing, and the others are
/// completed all the same.
#[utoipa::path(
    tag = "tasks",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("use_tasks"))),
    params(IdempotencyKey),
    request_body = CompleteTasksRequest,
    responses(
        (status = 200, body = CompletedTasksView, description = "An outcome for each task, also if all are refused"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the number of tasks is not 1 to 500"),
    )
)]
#[post("/tasks/complete-batch")]
pub async fn complete_tasks(
    caller: Authorized<UseTasks>,
    tasks: Data<Tasks>,
    Body(request): Body<CompleteTasksRequest>,
) -> Result<HttpResponse, Problem> {
    let work = shielded(async move { tasks.complete_tasks(&request.task_ids, caller.person_id()).await });
    answered(|completions: &Vec<Completion>| completed(completions), work).await
}

fn completed(completions: &[Completion]) -> Answer {
    let items = completions.iter().cloned().map(CompletionView::from).collect();
    Answer::json(200, &CompletedTasksView { items })
}

impl From<Completion> for CompletionView {
    fn from(Completion { task_id, outcome }: Completion) -> Self {
        match outcome {
            Ok(task) => Self { task_id, status: 200, task: Some(task.into()), problem: None },
            Err(refusal) => {
                let problem = refuse(Error::from(refusal));
                Self { task_id, status: problem.status(), task: None, problem: Some(problem.document()) }
            }
        }
    }
}
