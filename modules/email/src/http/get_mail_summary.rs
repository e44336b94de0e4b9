//! `GET /admin/emails/summary`: gets how many mails wait, and how many wait for an admin.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::OperateSystem;
use kernel::Problem;
use kernel::http::auth::Authorized;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Email;

/// Numbers of mails that are not sent.
#[derive(Serialize, ToSchema)]
#[schema(as = MailSummary)]
struct MailSummaryView {
    /// Number of mails that wait for their next attempt; 1000 stands for 1000 or more.
    #[schema(minimum = 0, maximum = 1000)]
    queued: i64,
    /// Number of mails whose last attempt has failed; 1000 stands for 1000 or more.
    #[schema(minimum = 0, maximum = 1000)]
    parked: i64,
}

/// Gets the numbers of mails that wait for an attempt, and for an admin
#[utoipa::path(
    tag = "email",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("operate_system"))),
    responses((status = 200, body = MailSummaryView, description = "The numbers"))
)]
#[get("/admin/emails/summary")]
pub async fn get_mail_summary(
    _caller: Authorized<OperateSystem>,
    email: Data<Email>,
) -> Result<Json<MailSummaryView>, Problem> {
    let (queued, parked) = email.get_mail_summary().await?;
    Ok(Json(MailSummaryView { queued, parked }))
}
