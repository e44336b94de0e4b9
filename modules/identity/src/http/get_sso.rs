//! `GET /auth/sso`: tells a sign-in page whether there is single sign-on.

use actix_web::get;
use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Identity;

/// What a sign-in page shows of single sign-on.
#[derive(Serialize, ToSchema)]
struct SsoView {
    /// Whether people can log in at an OpenID provider.
    enabled: bool,
    /// The name of the provider; null without one.
    #[schema(required, example = "Example Login")]
    name: Option<String>,
}

/// Says whether there is single sign-on
#[utoipa::path(tag = "identity", responses((status = 200, body = SsoView, description = "What a sign-in page shows")))]
#[get("/auth/sso")]
pub async fn get_sso(identity: Data<Identity>) -> Json<SsoView> {
    let name = identity.sso_name().map(str::to_owned);
    Json(SsoView { enabled: name.is_some(), name })
}
