//! `POST /people/{id}/set-password-links`: creates a one-time link to set a password.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::PersonId;
use contracts::permission::ManagePeople;
use kernel::Problem;
use kernel::http::auth::AuthorizedSession;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Answer, NoBody, Path, answered, shielded};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Identity;

#[derive(Serialize, ToSchema)]
struct SetPasswordLinkView {
    /// The token of the one-time link. It is shown once.
    set_password_token: String,
}

/// Creates a one-time link with which a person sets a password
///
/// The link replaces the person's unused one. It needs a session: an API token is refused, because
/// with the link one can log in as the person.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("manage_people"))),
    params(("id" = uuid::Uuid, Path, description = "The person"), IdempotencyKey),
    responses(
        (status = 201, body = SetPasswordLinkView, description = "The link's token", headers(("Location" = String, description = "The path of the person"))),
        (status = 403, body = ProblemDocument, description = "`session_required`: the caller uses an API token"),
        (status = 404, body = ProblemDocument, description = "`not_found`: there is no such person"),
        (status = 409, body = ProblemDocument, description = "`identity.person_inactive`; `idempotency_answer_secret`: the link was created, and its token is not given again"),
    )
)]
#[post("/people/{id}/set-password-links")]
pub async fn create_set_password_link(
    caller: AuthorizedSession<ManagePeople>,
    identity: Data<Identity>,
    Path(id): Path<PersonId>,
    _body: NoBody,
) -> Result<HttpResponse, Problem> {
    let identity = identity.on_behalf_of(caller.person_id());
    let created = move |token: &String| {
        let answer = Answer::json(201, &SetPasswordLinkView { set_password_token: token.clone() });
        // A link cannot be read. It belongs to the person.
        answer.with_location(format!("/api/v1/people/{id}")).secret()
    };
    answered(created, shielded(async move { identity.create_set_password_link(id).await })).await
}
