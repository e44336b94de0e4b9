//! `GET /tasks/{id}/history`: gets the assignments of a task.

use actix_web::get;
use actix_web::web::{Data, Json};
use chrono::{DateTime, Utc};
use contracts::TaskId;
use contracts::permission::UseTasks;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::paging::{List, NoFilter, PageQuery};
use kernel::http::problem::ProblemDocument;
use kernel::http::{Cursor, Path};
use serde::Serialize;
use utoipa::ToSchema;

use super::views::{AssignmentView, PersonView};
use crate::service::Tasks;

#[derive(Serialize, ToSchema)]
struct TaskHistoryView {
    /// When the task was created.
    created_at: DateTime<Utc>,
    /// The person who created it. Null for an imported task whose file names no creator.
    #[schema(required)]
    created_by: Option<PersonView>,
    /// The assignments, oldest first.
    items: Vec<AssignmentView>,
    /// The `cursor` of the next page. Null on the last page.
    #[schema(required, value_type = Option<String>)]
    next_cursor: Option<Cursor>,
    /// The completion. Null for an open task.
    #[schema(required)]
    completion: Option<CompletionView>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TaskCompletion)]
struct CompletionView {
    /// The person who completed the task and earned the reward.
    completed_by: PersonView,
    /// When the task was completed.
    completed_at: DateTime<Utc>,
}

/// Gets every assignment of a task with its draw, and the completion
#[utoipa::path(
    tag = "tasks",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("use_tasks"))),
    params(("id" = TaskId, Path, description = "The task"), PageQuery),
    responses(
        (status = 200, body = TaskHistoryView, description = "The history, with a page of the assignments"),
        (status = 404, body = ProblemDocument, description = "`tasks.not_found`"),
    )
)]
#[get("/tasks/{id}/history")]
pub async fn get_task_history(
    _caller: Authorized<UseTasks>,
    tasks: Data<Tasks>,
    Path(id): Path<TaskId>,
    List { page, .. }: List<NoFilter, i32>,
) -> Result<Json<TaskHistoryView>, Problem> {
    let (task, assignments) = tasks.get_task_history(id, page.after, page.limit).await?;
    let page = page.cut(assignments, |assignment| assignment.number);
    let page = page.map(|assignment| AssignmentView::new(assignment, task.price));
    let completed = task.completed_at.zip(PersonView::of(Some(task.assignee_id), task.assignee_name));
    Ok(Json(TaskHistoryView {
        created_at: task.created_at,
        created_by: PersonView::of(task.created_by, task.created_by_name),
        items: page.items,
        next_cursor: page.next_cursor,
        completion: completed.map(|(completed_at, completed_by)| CompletionView { completed_by, completed_at }),
    }))
}
