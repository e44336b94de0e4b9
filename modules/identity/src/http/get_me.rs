//! `GET /me`: gets the person who is logged in.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use contracts::permission::BeKnown;
use kernel::Problem;
use kernel::http::EntityVersion;
use kernel::http::auth::Authorized;

use super::views::MeView;
use crate::Identity;

/// Gets the person who is logged in
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("be_known"))),
    responses((status = 200, body = MeView, description = "The person", headers(("ETag" = String, description = "The version of the person"))))
)]
#[get("/me")]
pub async fn get_me(caller: Authorized<BeKnown>, identity: Data<Identity>) -> Result<HttpResponse, Problem> {
    let person = identity.get_person(caller.person_id()).await?;
    let version = EntityVersion(person.version);
    Ok(version.of(HttpResponse::Ok().json(MeView::from(person))))
}
