//! `POST /auth/set-password`: sets a password with a one-time link.

use actix_web::post;
use actix_web::web::{Data, Json};
use kernel::Problem;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Body, shielded};
use serde::Deserialize;
use utoipa::ToSchema;

use super::views::MeView;
use crate::{Identity, SetPassword};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetPasswordRequest {
    /// The token of the link.
    token: String,
    /// 8 to 1024 characters, not one of the most common passwords, and neither the e-mail address
    /// nor the name of the person.
    #[schema(format = "password", min_length = 8, max_length = 1024)]
    password: String,
    /// Only for the link that creates the first admin, which requires it.
    #[serde(default)]
    #[schema(max_length = 200, example = "Ada Lovelace")]
    name: Option<String>,
    /// Only for the link that creates the first admin, which requires it.
    #[serde(default)]
    #[schema(example = "ada@example.com")]
    email: Option<String>,
}

/// Sets a password with a one-time link
///
/// The link that a system without people prints creates the first admin. Any other link sets the
/// password of its person and ends the person's sessions.
#[utoipa::path(
    tag = "identity",
    request_body = SetPasswordRequest,
    responses(
        (status = 200, body = MeView, description = "The person, who can log in now"),
        (status = 404, body = ProblemDocument, description = "`identity.link_unknown`"),
        (status = 409, body = ProblemDocument, description = "`identity.link_used`, `identity.already_set_up`, `identity.person_inactive`"),
        (status = 410, body = ProblemDocument, description = "`identity.link_expired`"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: a field is not valid"),
        (status = 429, body = ProblemDocument, description = "`identity.busy`: too many passwords wait to be hashed"),
    )
)]
#[post("/auth/set-password")]
pub async fn set_password(
    identity: Data<Identity>,
    Body(request): Body<SetPasswordRequest>,
) -> Result<Json<MeView>, Problem> {
    let SetPasswordRequest { token, password, name, email } = request;
    let person =
        shielded(async move { identity.set_password(SetPassword { token, password, name, email }).await }).await?;
    Ok(Json(person.into()))
}
