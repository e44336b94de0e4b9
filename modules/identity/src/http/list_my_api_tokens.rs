//! `GET /me/tokens`: lists the caller's API tokens.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::ApiTokenId;
use contracts::permission::BeKnown;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::paging::{List, NoFilter, Page, PageQuery};

use super::views::ApiTokenView;
use crate::Identity;

/// Lists the caller's API tokens in the order in which they were created, without their secrets
///
/// Revoked tokens are left out.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("be_known"))),
    params(PageQuery),
    responses((status = 200, body = Page<ApiTokenView>, description = "A page of tokens"))
)]
#[get("/me/tokens")]
pub async fn list_my_api_tokens(
    caller: Authorized<BeKnown>,
    identity: Data<Identity>,
    List { filter: NoFilter {}, page }: List<NoFilter, ApiTokenId>,
) -> Result<Json<Page<ApiTokenView>>, Problem> {
    let tokens = identity.list_api_tokens(caller.person_id(), page.after, page.limit).await?;
    Ok(Json(page.cut(tokens, |token| token.id).map(ApiTokenView::from)))
}
