//! `GET /tasks`

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::PersonId;
use contracts::permission::UseTasks;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Query;
use kernel::paging::{self, Limit, Page};
use serde::Deserialize;
use utoipa::IntoParams;

use super::TaskView;
use crate::Tasks;
use crate::service::{Status, TaskFilter};

const SEARCH_CHARS_MAX: usize = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListTasksQuery {
    /// `open` or `completed`.
    #[param(value_type = Option<String>)]
    status: Option<Status>,
    /// `me` or a person's id: whoever has it, or completed it.
    assignee: Option<String>,
    /// A piece of the title or the reference, in any case.
    q: Option<String>,
    cursor: Option<String>,
    /// 1 to 200, 50 if not given.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
}

/// Lists tasks, newest first
#[utoipa::path(
    tag = "tasks",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("use_tasks"))),
    params(ListTasksQuery),
    responses((status = 200, body = Page<TaskView>))
)]
#[get("/tasks")]
pub async fn list_tasks(
    caller: Authorized<UseTasks>,
    tasks: Data<Tasks>,
    Query(query): Query<ListTasksQuery>,
) -> Result<Json<Page<TaskView>>, Problem> {
    let assignee = query.assignee.map(|text| parse_assignee(&text, caller.person_id())).transpose()?;
    let search = query.q.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if search.as_ref().is_some_and(|text| text.chars().count() > SEARCH_CHARS_MAX || text.contains('\0')) {
        return Err(Problem::invalid("?q", format!("at most {SEARCH_CHARS_MAX} characters")));
    }
    let filter = TaskFilter { status: query.status, assignee, search };
    let rows = tasks.list_tasks(&filter, paging::decode(query.cursor.as_deref())?, query.limit).await?;
    Ok(Json(Page::cut(rows, query.limit, |row| row.number).map(TaskView::from)))
}

fn parse_assignee(text: &str, caller: PersonId) -> Result<PersonId, Problem> {
    if text == "me" {
        return Ok(caller);
    }
    text.parse().map_err(|_| Problem::malformed("?assignee", "`me` or a person's id"))
}
