//! `POST /me/tokens`: creates a personal API token.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use chrono::{DateTime, Utc};
use contracts::permission::BeKnown;
use kernel::Problem;
use kernel::http::auth::AuthorizedSession;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Answer, Body, answered, shielded};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::views::ApiTokenView;
use crate::api_tokens::CreatedApiToken;
use crate::{Identity, NewApiToken};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateApiTokenRequest {
    #[schema(example = "Nightly report", min_length = 1, max_length = 100)]
    name: String,
    /// `read` allows every request that changes nothing, `write` allows every request, and the name
    /// of a permission allows the requests that require it. The role of the person limits all of
    /// them, when the token is used.
    #[schema(example = json!(["read"]), min_items = 1)]
    scopes: Vec<String>,
    /// From this moment on the token is refused. A setting limits how far ahead it may be.
    expires_at: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
struct CreatedApiTokenView {
    #[serde(flatten)]
    details: ApiTokenView,
    /// Send it as `Authorization: Bearer …`. It is shown once.
    #[schema(example = "pwk_")]
    token: String,
}

/// Creates a personal API token, with which a program acts for the caller
///
/// It needs a session: an API token is refused, so that it cannot give more access or last longer.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("be_known"))),
    params(IdempotencyKey),
    request_body = CreateApiTokenRequest,
    responses(
        (status = 201, body = CreatedApiTokenView, description = "The new token", headers(("Location" = String, description = "The path of the token"))),
        (status = 403, body = ProblemDocument, description = "`session_required`: the caller uses an API token"),
        (status = 409, body = ProblemDocument, description = "`identity.too_many_tokens`; `idempotency_answer_secret`: the token was created, and is not given again"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: a field is not valid"),
    )
)]
#[post("/me/tokens")]
pub async fn create_api_token(
    caller: AuthorizedSession<BeKnown>,
    identity: Data<Identity>,
    Body(request): Body<CreateApiTokenRequest>,
) -> Result<HttpResponse, Problem> {
    let CreateApiTokenRequest { name, scopes, expires_at } = request;
    let new = NewApiToken { name, scopes, expires_at };
    let (person_id, role) = (caller.person_id(), caller.caller().role);
    answered(created, shielded(async move { identity.create_api_token(person_id, role, new).await })).await
}

fn created(CreatedApiToken { details, token }: &CreatedApiToken) -> Answer {
    let location = format!("/api/v1/me/tokens/{}", details.id);
    let view = CreatedApiTokenView { details: details.clone().into(), token: token.clone() };
    Answer::json(201, &view).with_location(location).secret()
}
