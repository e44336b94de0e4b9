//! `POST /admin/emails/{id}/resend`: queues a mail again.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::permission::OperateSystem;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Answer, NoBody, Path, answered, shielded};

use super::views::MailView;
use crate::Email;
use crate::domain::{Mail, MailId};

/// Queues a sent or parked mail again
///
/// The mail gets a new set of attempts. It is built again, for the person's current address, and
/// keeps its Message-ID.
#[utoipa::path(
    tag = "email",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("operate_system"))),
    params(("id" = MailId, Path, description = "The mail"), IdempotencyKey),
    responses(
        (status = 202, body = MailView, description = "The mail, queued"),
        (status = 404, body = ProblemDocument, description = "`email.not_found`"),
        (status = 409, body = ProblemDocument, description = "`email.already_queued`; `email.link_sent`: the mail had a one-time link, which is deleted when it is sent; `email.text_deleted`: the text was deleted after `email.keep_days`"),
    )
)]
#[post("/admin/emails/{id}/resend")]
pub async fn resend_mail(
    _caller: Authorized<OperateSystem>,
    email: Data<Email>,
    Path(id): Path<MailId>,
    _body: NoBody,
) -> Result<HttpResponse, Problem> {
    let accepted = |mail: &Mail| Answer::json(202, &MailView::from(mail.clone()));
    answered(accepted, shielded(async move { email.resend_mail(id).await })).await
}
