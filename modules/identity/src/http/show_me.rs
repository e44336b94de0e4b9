//! `GET /me`: who I am.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::BeKnown;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::problem::ProblemDocument;

use super::MeView;
use crate::Identity;

/// Shows who is logged in.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("be_known"))),
    responses(
        (status = 200, description = "Yourself", body = MeView),
        (status = 401, description = "Not logged in", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
#[get("/me")]
pub(super) async fn show_me(
    authorized: Authorized<BeKnown>,
    identity: Data<Identity>,
) -> Result<Json<MeView>, Problem> {
    let person = identity.person(authorized.person_id()).await?;
    Ok(Json(person.into()))
}
