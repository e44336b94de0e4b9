//! `GET /reassignments`

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::ReassignTasks;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Query;
use kernel::paging::{self, Limit, Page};
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::ReassignmentView;
use crate::Tasks;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListReassignmentsQuery {
    cursor: Option<String>,
    /// 1 to 200, 50 if not given.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
}

/// Lists the runs, newest first
#[utoipa::path(
    tag = "reassignments",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("reassign_tasks"))),
    params(ListReassignmentsQuery),
    responses((status = 200, body = Page<ReassignmentView>))
)]
#[get("/reassignments")]
pub async fn list_reassignments(
    _caller: Authorized<ReassignTasks>,
    tasks: Data<Tasks>,
    Query(query): Query<ListReassignmentsQuery>,
) -> Result<Json<Page<ReassignmentView>>, Problem> {
    let rows = tasks.list_reassignments(paging::decode(query.cursor.as_deref())?, query.limit).await?;
    Ok(Json(Page::cut(rows, query.limit, |row| row.asked_order).map(ReassignmentView::from)))
}
