//! `POST /auth/password-reset`: asks for a mail with a link to set a forgotten password.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use kernel::Problem;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Body, shielded};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::Identity;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RequestPasswordResetRequest {
    #[schema(example = "ada@example.com", max_length = 254)]
    email: String,
}

/// Asks for a mail with a one-time link to set a forgotten password
///
/// The response is the same for every address, because it does not show which addresses have an
/// account. A person gets a limited number of such mails in an hour.
#[utoipa::path(
    tag = "identity",
    request_body = RequestPasswordResetRequest,
    responses(
        (status = 202, description = "If an active person has this address, a link is mailed to it"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: no mail can be sent to the address"),
        (status = 429, body = ProblemDocument, description = "`rate_limited`: too many requests came from this address"),
    )
)]
#[post("/auth/password-reset")]
pub async fn request_password_reset(
    identity: Data<Identity>,
    Body(request): Body<RequestPasswordResetRequest>,
) -> Result<HttpResponse, Problem> {
    shielded(async move { identity.request_password_reset(&request.email).await }).await?;
    Ok(HttpResponse::Accepted().finish())
}
