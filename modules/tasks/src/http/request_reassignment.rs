//! `POST /reassignments`: requests a run.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::Currency;
use contracts::permission::ReassignTasks;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Answer, NoBody, answered, shielded};

use super::views::ReassignmentView;
use crate::domain::Reassignment;
use crate::service::Tasks;

/// Requests a run that assigns all open tasks again, each for a fee
#[utoipa::path(
    tag = "reassignments",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("reassign_tasks"))),
    params(IdempotencyKey),
    responses(
        (status = 202, body = ReassignmentView, description = "The run, queued", headers(("Location" = String, description = "The path of the run"))),
        (status = 429, body = ProblemDocument, description = "`rate_limited`: the runs that the person requested are not finished"),
        (status = 503, body = ProblemDocument, description = "`tasks.busy`: an import is in progress"),
    )
)]
#[post("/reassignments")]
pub async fn request_reassignment(
    caller: Authorized<ReassignTasks>,
    tasks: Data<Tasks>,
    _body: NoBody,
) -> Result<HttpResponse, Problem> {
    let currency = tasks.currency;
    let accepted = move |run: &Reassignment| accepted(currency, run);
    answered(accepted, shielded(async move { tasks.request_reassignment(caller.person_id()).await })).await
}

fn accepted(currency: Currency, run: &Reassignment) -> Answer {
    let path = format!("/api/v1/reassignments/{}", run.reassignment_id);
    Answer::json(202, &ReassignmentView::new(currency, run.clone())).with_location(path)
}
