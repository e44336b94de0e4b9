//! `POST /auth/set-password`: uses a one-time link.

use actix_web::post;
use actix_web::web::{Data, Json};
use kernel::Problem;
use kernel::http::{Body, shielded};
use kernel::problem::ProblemDocument;
use serde::Deserialize;
use utoipa::ToSchema;

use super::MeView;
use crate::{Identity, SetPassword};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetPasswordRequest {
    /// What stands behind `token=` in the link.
    token: String,
    /// 8 to 128 characters.
    #[schema(format = "password", min_length = 8, max_length = 128)]
    password: String,
    /// For the link that makes the first admin, and only for it.
    #[serde(default)]
    name: Option<String>,
    /// For the link that makes the first admin, and only for it.
    #[serde(default)]
    #[schema(example = "ada@example.com")]
    email: Option<String>,
}

/// Sets a password by a one-time link.
///
/// The link printed by an empty system makes the first admin; any other sets the password of the person it was made for, and
/// ends their sessions.
#[utoipa::path(
    tag = "identity",
    request_body = SetPasswordRequest,
    responses(
        (status = 200, description = "Whose password was set: log in with it", body = MeView),
        (status = 400, description = "The request cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "`identity.link_unknown`", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`identity.link_used`, `identity.already_set_up`, `identity.person_inactive`", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 410, description = "`identity.link_expired`", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A field cannot be what it is", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "`identity.busy`", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
#[post("/auth/set-password")]
pub(super) async fn set_password(
    identity: Data<Identity>,
    Body(request): Body<SetPasswordRequest>,
) -> Result<Json<MeView>, Problem> {
    let SetPasswordRequest { token, password, name, email } = request;
    let person =
        shielded(async move { identity.set_password(SetPassword { token, password, name, email }).await }).await?;
    Ok(Json(person.into()))
}
