//! `POST /reassignments`

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::permission::ReassignTasks;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::{NoBody, shielded};
use kernel::problem::ProblemDocument;

use super::views::ReassignmentView;
use crate::Tasks;

/// Asks for all open tasks to be drawn anew; each draw is charged
#[utoipa::path(
    tag = "reassignments",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("reassign_tasks"))),
    responses(
        (status = 202, body = ReassignmentView, headers(("Location" = String, description = "The run, to be watched"))),
        (status = 503, body = ProblemDocument, description = "A long import is under way"),
    )
)]
#[post("/reassignments")]
pub async fn request_reassignment(
    caller: Authorized<ReassignTasks>,
    tasks: Data<Tasks>,
    _body: NoBody,
) -> Result<HttpResponse, Problem> {
    let run = shielded(async move { tasks.request_reassignment(caller.person_id()).await }).await?;
    let location = format!("/api/v1/reassignments/{}", run.reassignment_id);
    Ok(HttpResponse::Accepted().insert_header(("Location", location)).json(ReassignmentView::from(run)))
}
