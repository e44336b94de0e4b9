//! `POST /people/{id}/invitation`: mails a person a one-time link to set a password.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::PersonId;
use contracts::permission::ManagePeople;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Answer, NoBody, Path, answered, shielded};

use crate::Identity;

/// Mails a person a one-time link with which they set a password
///
/// The link replaces the person's unused one.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("manage_people"))),
    params(("id" = uuid::Uuid, Path, description = "The person"), IdempotencyKey),
    responses(
        (status = 202, description = "The mail is queued"),
        (status = 404, body = ProblemDocument, description = "`not_found`: there is no such person"),
        (status = 409, body = ProblemDocument, description = "`identity.person_inactive`"),
        (status = 429, body = ProblemDocument, description = "`identity.too_many_mails`: the person got as many mails as are allowed in an hour"),
    )
)]
#[post("/people/{id}/invitation")]
pub async fn create_invitation(
    caller: Authorized<ManagePeople>,
    identity: Data<Identity>,
    Path(id): Path<PersonId>,
    _body: NoBody,
) -> Result<HttpResponse, Problem> {
    let identity = identity.on_behalf_of(caller.person_id());
    answered(|()| Answer::empty(202), shielded(async move { identity.create_invitation(id).await })).await
}
