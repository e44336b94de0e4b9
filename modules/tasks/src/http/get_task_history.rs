//! `GET /tasks/{id}/history`

use actix_web::get;
use actix_web::web::{Data, Json};
use chrono::{DateTime, Utc};
use contracts::permission::UseTasks;
use contracts::{PersonId, TaskId};
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::{Path, Query};
use kernel::paging::{self, Limit, Page};
use kernel::problem::ProblemDocument;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::views::AssignmentView;
use crate::Tasks;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct HistoryQuery {
    cursor: Option<String>,
    /// 1 to 200, 50 if not given.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
}

#[derive(Serialize, ToSchema)]
struct TaskHistoryView {
    created_at: DateTime<Utc>,
    created_by: Option<PersonId>,
    /// Oldest first.
    items: Vec<AssignmentView>,
    next_cursor: Option<String>,
    completion: Option<CompletionView>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TaskCompletion)]
struct CompletionView {
    completed_by: PersonId,
    completed_at: DateTime<Utc>,
}

/// Shows every assignment of a task with its draw, and its completion
#[utoipa::path(
    tag = "tasks",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("use_tasks"))),
    params(("id" = TaskId, Path), HistoryQuery),
    responses((status = 200, body = TaskHistoryView), (status = 404, body = ProblemDocument))
)]
#[get("/tasks/{id}/history")]
pub async fn get_task_history(
    _caller: Authorized<UseTasks>,
    tasks: Data<Tasks>,
    Path(id): Path<TaskId>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<TaskHistoryView>, Problem> {
    let after = paging::decode(query.cursor.as_deref())?;
    let (task, rows) = tasks.load_history(id, after, query.limit).await?;
    let page = Page::cut(rows, query.limit, |row| row.assignment).map(AssignmentView::from);
    let completed_by = task.assignee_id.into();
    Ok(Json(TaskHistoryView {
        created_at: task.created_at,
        created_by: task.created_by.map(PersonId::from),
        items: page.items,
        next_cursor: page.next_cursor,
        completion: task.completed_at.map(|completed_at| CompletionView { completed_by, completed_at }),
    }))
}
