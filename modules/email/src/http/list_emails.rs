//! `GET /admin/emails`: what was sent, what waits, what is parked.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::OperateSystem;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Query;
use kernel::paging::{self, Limit, Page};
use kernel::problem::ProblemDocument;
use serde::Deserialize;
use utoipa::IntoParams;

use super::MailView;
use crate::domain::MailState;
use crate::{Email, MailId};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListEmailsQuery {
    /// Only mails in this state.
    state: Option<MailState>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200)]
    limit: Limit,
}

/// Lists mails, newest first, without what they say.
#[utoipa::path(
    tag = "email",
    params(ListEmailsQuery),
    responses(
        (status = 200, description = "A page of mails", body = Page<MailView>),
        (status = 400, description = "A parameter is unknown or malformed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "Not logged in", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
    extensions(("x-permission" = json!("operate_system")))
)]
#[get("/admin/emails")]
pub(super) async fn list_emails(
    _: Authorized<OperateSystem>,
    email: Data<Email>,
    query: Query<ListEmailsQuery>,
) -> Result<Json<Page<MailView>>, Problem> {
    let before: Option<MailId> = paging::decode(query.0.cursor.as_deref())?;
    Ok(Json(email.list(query.0.state, before, query.0.limit).await?))
}
