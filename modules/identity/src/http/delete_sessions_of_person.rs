//! `DELETE /people/{id}/sessions`: ends all sessions of a person.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete};
use contracts::PersonId;
use contracts::permission::ManagePeople;
use kernel::Problem;
use kernel::http::auth::AuthorizedSession;
use kernel::http::problem::ProblemDocument;
use kernel::http::{NoBody, Path, shielded};

use crate::Identity;

/// Ends all sessions of a person
///
/// The person has to log in again on every device. The account stays as it is.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("manage_people"))),
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses(
        (status = 204, description = "The person has no session"),
        (status = 403, body = ProblemDocument, description = "`session_required`: the caller uses an API token"),
        (status = 404, body = ProblemDocument, description = "`not_found`: there is no such person"),
    )
)]
#[delete("/people/{id}/sessions")]
pub async fn delete_sessions_of_person(
    _caller: AuthorizedSession<ManagePeople>,
    identity: Data<Identity>,
    Path(id): Path<PersonId>,
    _body: NoBody,
) -> Result<HttpResponse, Problem> {
    shielded(async move { identity.delete_sessions_of_person(id).await }).await?;
    Ok(HttpResponse::NoContent().finish())
}
