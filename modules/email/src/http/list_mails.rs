//! `GET /admin/emails`: lists mails.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::PersonId;
use contracts::permission::OperateSystem;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::paging::{List, Page, PageQuery};
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::{MailKindView, MailStatusView, MailView};
use crate::Email;
use crate::domain::{MailFilter, MailId, MailState};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListMailsQuery {
    /// Lists only mails with this status.
    #[param(inline)]
    status: Option<MailStatusView>,
    /// Lists only mails of this kind.
    #[param(inline)]
    kind: Option<MailKindView>,
    /// Lists only mails to this person.
    person_id: Option<PersonId>,
}

/// Lists mails, newest first, without their content
#[utoipa::path(
    tag = "email",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("operate_system"))),
    params(ListMailsQuery, PageQuery),
    responses((status = 200, body = Page<MailView>, description = "A page of mails"))
)]
#[get("/admin/emails")]
pub async fn list_mails(
    _caller: Authorized<OperateSystem>,
    email: Data<Email>,
    List { filter, page }: List<ListMailsQuery, MailId>,
) -> Result<Json<Page<MailView>>, Problem> {
    let ListMailsQuery { status, kind, person_id } = filter;
    let filter = MailFilter { status: status.map(MailState::from), kind: kind.map(MailKindView::as_stored), person_id };
    let mails = email.list_mails(&filter, page.after, page.limit).await?;
    Ok(Json(page.cut(mails, |mail| mail.id).map(MailView::from)))
}
