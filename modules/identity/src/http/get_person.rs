//! `GET /people/{id}`: gets a person.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use contracts::PersonId;
use contracts::permission::ManagePeople;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::problem::ProblemDocument;
use kernel::http::{EntityVersion, Path};

use super::views::PersonView;
use crate::Identity;

/// Gets a person
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("manage_people"))),
    params(("id" = uuid::Uuid, Path, description = "The person")),
    responses(
        (status = 200, body = PersonView, description = "The person", headers(("ETag" = String, description = "The version of the person"))),
        (status = 404, body = ProblemDocument, description = "`not_found`: there is no such person"),
    )
)]
#[get("/people/{id}")]
pub async fn get_person(
    _caller: Authorized<ManagePeople>,
    identity: Data<Identity>,
    Path(id): Path<PersonId>,
) -> Result<HttpResponse, Problem> {
    let person = identity.get_person(id).await?;
    let version = EntityVersion(person.version);
    Ok(version.of(HttpResponse::Ok().json(PersonView::from(person))))
}
