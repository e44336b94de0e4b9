//! `POST /people/{id}/set-password-links`: a new one-time link for somebody who has no password, or forgot it.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::PersonId;
use contracts::permission::ManagePeople;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::{NoBody, Path, shielded};
use kernel::problem::ProblemDocument;
use serde::Serialize;
use utoipa::ToSchema;

use super::secret_answer;
use crate::Identity;

#[derive(Serialize, ToSchema)]
struct SetPasswordLinkView {
    /// The token of a one-time link; shown only here.
    set_password_token: String,
}

/// Gives a person a new one-time link to set a password.
///
/// It takes the place of any that was not used yet.
#[utoipa::path(
    tag = "identity",
    params(("id" = uuid::Uuid, Path, description = "The person")),
    security(("bearer" = [])),
    extensions(("x-permission" = json!("manage_people"))),
    responses(
        (status = 201, description = "The link's token", body = SetPasswordLinkView),
        (status = 400, description = "Not an id", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "Not logged in", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such person", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`identity.person_inactive`", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
#[post("/people/{id}/set-password-links")]
pub(super) async fn give_set_password_link(
    _: Authorized<ManagePeople>,
    identity: Data<Identity>,
    Path(id): Path<PersonId>,
    _: NoBody,
) -> Result<HttpResponse, Problem> {
    let set_password_token = shielded(async move { identity.set_password_link_token(id).await }).await?;
    Ok(secret_answer(HttpResponse::Created(), &SetPasswordLinkView { set_password_token }))
}
