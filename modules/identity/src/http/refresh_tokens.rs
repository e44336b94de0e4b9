//! `POST /auth/refresh`: a refresh token for new tokens.

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
struct RefreshRequest {
    refresh_token: String,
}

/// Gives new tokens for a refresh token.
///
/// A refresh token is good for one use. A second use ends the session: somebody else may have it.
#[utoipa::path(
    tag = "identity",
    request_body = RefreshRequest,
    responses(
        (status = 200, description = "New tokens of the same session", body = TokensView),
        (status = 400, description = "The request cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "`identity.refresh_invalid`, `identity.refresh_reused`", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
#[post("/auth/refresh")]
pub(super) async fn refresh_tokens(
    identity: Data<Identity>,
    Body(request): Body<RefreshRequest>,
) -> Result<HttpResponse, Problem> {
    let tokens = shielded(async move { identity.refresh(&request.refresh_token).await }).await?;
    Ok(secret_answer(HttpResponse::Ok(), &TokensView::from(tokens)))
}
