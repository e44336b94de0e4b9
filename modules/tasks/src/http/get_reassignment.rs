//! `GET /reassignments/{id}`: gets a run.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::ReassignmentId;
use contracts::permission::ReassignTasks;
use kernel::Problem;
use kernel::http::Path;
use kernel::http::auth::Authorized;
use kernel::http::problem::ProblemDocument;

use super::views::ReassignmentView;
use crate::service::Tasks;

/// Gets a run and its progress
#[utoipa::path(
    tag = "reassignments",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("reassign_tasks"))),
    params(("id" = ReassignmentId, Path, description = "The run")),
    responses(
        (status = 200, body = ReassignmentView, description = "The run"),
        (status = 404, body = ProblemDocument, description = "`tasks.reassignment_not_found`"),
    )
)]
#[get("/reassignments/{id}")]
pub async fn get_reassignment(
    _caller: Authorized<ReassignTasks>,
    tasks: Data<Tasks>,
    Path(id): Path<ReassignmentId>,
) -> Result<Json<ReassignmentView>, Problem> {
    let run = tasks.get_reassignment(id).await?;
    Ok(Json(ReassignmentView::new(tasks.currency, run)))
}
