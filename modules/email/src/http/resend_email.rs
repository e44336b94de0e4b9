//! `POST /admin/emails/{id}/resend`: a mail goes out once more.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::permission::OperateSystem;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::{NoBody, Path, shielded};
use kernel::problem::ProblemDocument;

use super::MailView;
use crate::{Email, MailId};

/// Queues a sent or parked mail once more.
///
/// It gets a new set of tries and is written anew, to the person's present address, under the same Message-ID.
#[utoipa::path(
    tag = "email",
    params(("id" = MailId, Path, description = "The mail")),
    responses(
        (status = 202, description = "The mail, queued", body = MailView),
        (status = 400, description = "Not an id", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "Not logged in", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "`email.not_found`", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`email.already_queued`", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
    extensions(("x-permission" = json!("operate_system")))
)]
#[post("/admin/emails/{id}/resend")]
pub(super) async fn resend_email(
    _: Authorized<OperateSystem>,
    email: Data<Email>,
    id: Path<MailId>,
    _: NoBody,
) -> Result<HttpResponse, Problem> {
    let mail = shielded(async move { email.resend(id.0).await }).await?;
    Ok(HttpResponse::Accepted().json(mail))
}
