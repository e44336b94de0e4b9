//! `GET /people/{id}`: one person.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::PersonId;
use contracts::permission::ManagePeople;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Path;
use kernel::problem::ProblemDocument;

use super::PersonView;
use crate::Identity;

/// Shows a person.
#[utoipa::path(
    tag = "identity",
    params(("id" = uuid::Uuid, Path, description = "The person")),
    security(("bearer" = [])),
    extensions(("x-permission" = json!("manage_people"))),
    responses(
        (status = 200, description = "The person", body = PersonView),
        (status = 400, description = "Not an id", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "Not logged in", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such person", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
#[get("/people/{id}")]
pub(super) async fn show_person(
    _: Authorized<ManagePeople>,
    identity: Data<Identity>,
    Path(id): Path<PersonId>,
) -> Result<Json<PersonView>, Problem> {
    let person = identity.person(id).await?;
    Ok(Json(person.into()))
}
