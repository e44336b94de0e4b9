//! `POST /auth/login`: an e-mail address and a password for tokens.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use kernel::Problem;
use kernel::http::{Body, shielded};
use kernel::problem::ProblemDocument;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{TokensView, secret_answer};
use crate::Identity;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginRequest {
    #[schema(example = "ada@example.com")]
    email: String,
    #[schema(format = "password")]
    password: String,
}

/// Logs in.
///
/// An unknown address, a wrong password and a deactivated person get the same answer.
#[utoipa::path(
    tag = "identity",
    request_body = LoginRequest,
    responses(
        (status = 200, description = "Tokens of a new session", body = TokensView),
        (status = 400, description = "The request cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "`identity.wrong_credentials`", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "`identity.busy`: too many passwords wait to be checked", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
#[post("/auth/login")]
pub(super) async fn log_in(
    identity: Data<Identity>,
    Body(request): Body<LoginRequest>,
) -> Result<HttpResponse, Problem> {
    let tokens = shielded(async move { identity.login(&request.email, &request.password).await }).await?;
    Ok(secret_answer(HttpResponse::Ok(), &TokensView::from(tokens)))
}
