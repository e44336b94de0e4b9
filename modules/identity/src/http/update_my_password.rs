//! `POST /me/password`: changes the caller's own password.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::permission::BeKnown;
use kernel::Problem;
use kernel::http::auth::AuthorizedSession;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Answer, Body, answered, shielded};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::Identity;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdateMyPasswordRequest {
    #[schema(format = "password")]
    current_password: String,
    /// 8 to 1024 characters, not one of the most common passwords, and neither the e-mail address
    /// nor the name of the person.
    #[schema(format = "password", min_length = 8, max_length = 1024)]
    new_password: String,
}

/// Changes the password of the person who is logged in
///
/// The other sessions of the person end, and one-time links that were not used are removed. This
/// session continues. It needs a session: an API token is refused.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("be_known"))),
    params(IdempotencyKey),
    request_body = UpdateMyPasswordRequest,
    responses(
        (status = 204, description = "The password is changed"),
        (status = 403, body = ProblemDocument, description = "`session_required`: the caller uses an API token"),
        (status = 422, body = ProblemDocument, description = "`identity.wrong_password`: the current password is another one; `invalid_request`: the new password is refused"),
        (status = 429, body = ProblemDocument, description = "`identity.busy`: too many passwords wait to be checked; `rate_limited`: too many were wrong"),
    )
)]
#[post("/me/password")]
pub async fn update_my_password(
    caller: AuthorizedSession<BeKnown>,
    identity: Data<Identity>,
    Body(request): Body<UpdateMyPasswordRequest>,
) -> Result<HttpResponse, Problem> {
    let UpdateMyPasswordRequest { current_password, new_password } = request;
    let (person_id, session_id) = (caller.person_id(), caller.session_id());
    let work =
        shielded(
            async move { identity.update_password(person_id, session_id, &current_password, &new_password).await },
        );
    answered(|()| Answer::empty(204), work).await
}
