//! `GET /tasks`: lists the tasks of the board or of one person.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use contracts::PersonId;
use contracts::permission::UseTasks;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::csv::Exportable;
use kernel::http::paging::{Page, PageQuery};
use kernel::http::problem::ProblemDocument;
use kernel::text::parse_search;
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::{ListedTaskView, SortView, StatusView};
use crate::domain::{Sort, Status, Task, TaskFilter, TaskPosition};
use crate::service::Tasks;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListTasksQuery {
    /// Lists only tasks of this status.
    #[param(inline, value_type = Option<StatusView>)]
    status: Option<Status>,
    /// `me` or a person's id: the assignee of an open task, or the person who completed it.
    #[param(pattern = "^(me|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$", example = "me")]
    assignee: Option<String>,
    /// A text that the title or the reference contains, in upper or lower case. At most 200
    /// characters.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Only tasks that were created at this time or later.
    created_from: Option<DateTime<Utc>>,
    /// Only tasks that were created before this time.
    created_before: Option<DateTime<Utc>>,
    /// `created`: newest first, the default. `completed`: the latest completion first, with
    /// `status=completed`. `reward`: the highest reward first, with `status=open` and `assignee`.
    /// The last two are not possible with `q` and a time of creation.
    #[serde(default)]
    #[param(inline, value_type = Option<SortView>)]
    sort: Sort,
}

/// Lists tasks
///
/// The items have no description, which may be long; `GET /tasks/{id}` has it. `Accept: text/csv`
/// answers with all rows as a CSV file, with descriptions.
#[utoipa::path(
    tag = "tasks",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("use_tasks"))),
    params(ListTasksQuery, PageQuery),
    responses(
        (status = 200, description = "A page of tasks", content((Page<ListedTaskView> = "application/json"), (String = "text/csv"))),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the search text is not valid, or the order needs other filters"),
    )
)]
#[get("/tasks")]
pub async fn list_tasks(
    caller: Authorized<UseTasks>,
    tasks: Data<Tasks>,
    Exportable { filter, export }: Exportable<ListTasksQuery, TaskPosition>,
) -> Result<HttpResponse, Problem> {
    let filter = filter.parse(caller.person_id())?;
    let sort = filter.sort;
    let read = move |after, limit| {
        let (tasks, filter) = (tasks.clone(), filter.clone());
        async move { tasks.list_tasks(&filter, after, limit).await }
    };
    export.answer("tasks", read, move |task: &Task| sort.position(task), ListedTaskView::from).await
}

impl ListTasksQuery {
    fn parse(self, caller: PersonId) -> Result<TaskFilter, Problem> {
        let Self { status, assignee, q, created_from, created_before, sort } = self;
        let assignee = assignee.map(|text| parse_assignee(&text, caller)).transpose()?;
        let search = parse_search(q.as_deref()).map_err(|error| Problem::invalid_fields(vec![error]))?;
        let filter = TaskFilter { sort, status, assignee, search, created_from, created_before };
        filter.check().map_err(|error| Problem::invalid_fields(vec![error]))?;
        Ok(filter)
    }
}

fn parse_assignee(text: &str, caller: PersonId) -> Result<PersonId, Problem> {
    if text == "me" {
        return Ok(caller);
    }
    text.parse().map_err(|_| Problem::malformed("?assignee", "`me` or a person's id"))
}
