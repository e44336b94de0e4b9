//! `GET /me/summary`: gets the numbers beside the entries of a menu.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::UseTasks;
use kernel::Problem;
use kernel::http::auth::Authorized;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::TaskCounts;
use crate::service::Tasks;

/// Numbers of tasks and runs.
#[derive(Serialize, ToSchema)]
#[schema(as = MySummary)]
struct MySummaryView {
    /// Number of the caller's open tasks; 1000 stands for 1000 or more.
    #[schema(minimum = 0, maximum = 1000)]
    my_open_tasks: i64,
    /// Number of all open tasks; 1000 stands for 1000 or more.
    #[schema(minimum = 0, maximum = 1000)]
    open_tasks: i64,
    /// Number of the runs that are not completed.
    #[schema(minimum = 0)]
    unfinished_reassignments: i64,
}

/// Gets the numbers of the caller's open tasks, of all open tasks, and of unfinished runs
///
/// They are counted up to 1000, so that a request takes the same time in a large company.
#[utoipa::path(
    tag = "tasks",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("use_tasks"))),
    responses((status = 200, body = MySummaryView, description = "The numbers"))
)]
#[get("/me/summary")]
pub async fn get_my_summary(caller: Authorized<UseTasks>, tasks: Data<Tasks>) -> Result<Json<MySummaryView>, Problem> {
    let TaskCounts { open_of_person, open, unfinished_runs } = tasks.get_summary(caller.person_id()).await?;
    Ok(Json(MySummaryView {
        my_open_tasks: open_of_person,
        open_tasks: open,
        unfinished_reassignments: unfinished_runs,
    }))
}
