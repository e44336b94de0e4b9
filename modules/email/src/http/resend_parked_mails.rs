//! `POST /admin/emails/resend`: queues every parked mail again.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::permission::OperateSystem;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::{Answer, NoBody, answered, shielded};

use super::views::QueuedMailsView;
use crate::Email;

/// Queues every parked mail again
///
/// Each mail gets a new set of attempts. It is built again, for the person's current address, and
/// keeps its Message-ID. A mail whose last error says that it may have been delivered is sent again
/// too.
#[utoipa::path(
    tag = "email",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("operate_system"))),
    params(IdempotencyKey),
    responses(
        (status = 202, body = QueuedMailsView, description = "The number of mails that are queued"),
    )
)]
#[post("/admin/emails/resend")]
pub async fn resend_parked_mails(
    _caller: Authorized<OperateSystem>,
    email: Data<Email>,
    _body: NoBody,
) -> Result<HttpResponse, Problem> {
    let accepted = |queued: &u64| Answer::json(202, &QueuedMailsView { queued: *queued });
    answered(accepted, shielded(async move { email.resend_parked_mails().await })).await
}
