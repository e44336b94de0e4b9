//! `GET /reassignments`: lists the runs.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::ReassignTasks;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::paging::{List, Page, PageQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::{ReassignmentStatusView, ReassignmentView};
use crate::domain::ReassignmentStatus;
use crate::service::Tasks;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListReassignmentsQuery {
    /// Lists only runs of this status.
    #[param(inline, value_type = Option<ReassignmentStatusView>)]
    status: Option<ReassignmentStatus>,
}

/// Lists the runs, newest first
#[utoipa::path(
    tag = "reassignments",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("reassign_tasks"))),
    params(ListReassignmentsQuery, PageQuery),
    responses((status = 200, body = Page<ReassignmentView>, description = "A page of runs"))
)]
#[get("/reassignments")]
pub async fn list_reassignments(
    _caller: Authorized<ReassignTasks>,
    tasks: Data<Tasks>,
    List { filter, page }: List<ListReassignmentsQuery, i64>,
) -> Result<Json<Page<ReassignmentView>>, Problem> {
    let runs = tasks.list_reassignments(filter.status, page.after, page.limit).await?;
    Ok(Json(page.cut(runs, |run| run.asked_order).map(|run| ReassignmentView::new(tasks.currency, run))))
}
