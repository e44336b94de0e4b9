//! `POST /corrections`

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::TransferId;
use contracts::permission::PostCorrections;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::{Body, shielded};
use kernel::problem::ProblemDocument;
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::TransferView;
use crate::Accounting;
use crate::corrections::Reason;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PostCorrectionRequest {
    /// A fee or a reward that was booked by mistake.
    transfer_id: TransferId,
    /// 1 to 500 characters.
    reason: String,
}

/// Reverses one fee or reward, once, into the open day
#[utoipa::path(
    tag = "books",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("post_corrections"))),
    request_body = PostCorrectionRequest,
    responses(
        (status = 201, body = TransferView),
        (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument, description = "It is already reversed, or neither a fee nor a reward"),
        (status = 422, body = ProblemDocument),
    )
)]
#[post("/corrections")]
pub async fn post_correction(
    caller: Authorized<PostCorrections>,
    books: Data<Accounting>,
    Body(request): Body<PostCorrectionRequest>,
) -> Result<HttpResponse, Problem> {
    let reason = Reason::parse(&request.reason).map_err(|error| Problem::invalid_fields(vec![error]))?;
    let posting = books.clone();
    let row =
        shielded(async move { posting.post_correction(request.transfer_id, reason, caller.person_id()).await }).await?;
    Ok(HttpResponse::Created().json(TransferView::new(&books, row)))
}
