//! `POST /corrections`: reverses a fee or a reward.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::TransferId;
use contracts::permission::PostCorrections;
use kernel::http::auth::Authorized;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Answer, Body, answered, shielded};
use kernel::{Problem, Reason};
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::TransferView;
use crate::domain::Transfer;
use crate::service::Accounting;

/// The body of the request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateCorrectionRequest {
    /// The fee or the reward to reverse.
    transfer_id: TransferId,
    /// Why it is reversed: 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500, example = "Charged by mistake")]
    reason: String,
}

/// Reverses a fee or a reward once; the correction is booked into the open day
#[utoipa::path(
    tag = "books",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("post_corrections"))),
    params(IdempotencyKey),
    request_body = CreateCorrectionRequest,
    responses(
        (status = 201, body = TransferView, description = "The correction", headers(("Location" = String, description = "The path of the correction"))),
        (status = 404, body = ProblemDocument, description = "`accounting.transfer_not_found`"),
        (status = 409, body = ProblemDocument, description = "`accounting.already_reversed`, `accounting.not_reversible`"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the reason is not valid; `accounting.balance_overflow`"),
        (status = 503, body = ProblemDocument, description = "`accounting.collided`, `accounting.not_prepared`"),
    )
)]
#[post("/corrections")]
pub async fn create_correction(
    caller: Authorized<PostCorrections>,
    accounting: Data<Accounting>,
    Body(request): Body<CreateCorrectionRequest>,
) -> Result<HttpResponse, Problem> {
    let reason = Reason::parse(&request.reason).map_err(|error| Problem::invalid("/reason", error))?;
    let service = accounting.clone();
    let work =
        shielded(async move { service.create_correction(request.transfer_id, reason, caller.person_id()).await });
    let created = move |correction: &Transfer| {
        let answer = Answer::json(201, &TransferView::new(&accounting, correction.clone()));
        answer.with_location(format!("/api/v1/transfers/{}", correction.transfer_id))
    };
    answered(created, work).await
}
