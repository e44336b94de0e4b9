//! `GET /people/{id}/tokens`: lists a person's API tokens.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::ManagePeople;
use contracts::{ApiTokenId, PersonId};
use kernel::Problem;
use kernel::http::Path;
use kernel::http::auth::Authorized;
use kernel::http::paging::{List, NoFilter, Page, PageQuery};
use kernel::http::problem::ProblemDocument;

use super::views::ApiTokenView;
use crate::Identity;

/// Lists a person's API tokens in the order in which they were created, without their secrets
///
/// Revoked tokens are left out.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("manage_people"))),
    params(("id" = uuid::Uuid, Path, description = "The person"), PageQuery),
    responses(
        (status = 200, body = Page<ApiTokenView>, description = "A page of tokens"),
        (status = 404, body = ProblemDocument, description = "`not_found`: there is no such person"),
    )
)]
#[get("/people/{id}/tokens")]
pub async fn list_api_tokens(
    _caller: Authorized<ManagePeople>,
    identity: Data<Identity>,
    Path(id): Path<PersonId>,
    List { filter: NoFilter {}, page }: List<NoFilter, ApiTokenId>,
) -> Result<Json<Page<ApiTokenView>>, Problem> {
    identity.get_person(id).await?;
    let tokens = identity.list_api_tokens(id, page.after, page.limit).await?;
    Ok(Json(page.cut(tokens, |token| token.id).map(ApiTokenView::from)))
}
