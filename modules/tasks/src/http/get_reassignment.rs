//! `GET /reassignments/{id}`

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::ReassignmentId;
use contracts::permission::ReassignTasks;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Path;
use kernel::problem::ProblemDocument;

use super::views::ReassignmentView;
use crate::Tasks;

/// Shows how far a run is
#[utoipa::path(
    tag = "reassignments",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("reassign_tasks"))),
    params(("id" = ReassignmentId, Path)),
    responses((status = 200, body = ReassignmentView), (status = 404, body = ProblemDocument))
)]
#[get("/reassignments/{id}")]
pub async fn get_reassignment(
    _caller: Authorized<ReassignTasks>,
    tasks: Data<Tasks>,
    Path(id): Path<ReassignmentId>,
) -> Result<Json<ReassignmentView>, Problem> {
    Ok(Json(tasks.load_reassignment(id).await?.into()))
}
