//! `GET /people`: everybody, in pages.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::{BeKnown, ManagePeople};
use contracts::{Permission, PersonId, Role};
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Query;
use kernel::paging::{Limit, Page, decode};
use kernel::problem::ProblemDocument;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Identity;
use crate::service::PeopleQuery;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListPeopleQuery {
    /// Part of the name; for admins also of the e-mail address. Up to 200 characters.
    q: Option<String>,
    role: Option<Role>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200.
    #[serde(default)]
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
}

/// A person in a list.
#[derive(Serialize, ToSchema)]
struct ListedPersonView {
    #[schema(value_type = uuid::Uuid)]
    id: PersonId,
    name: String,
    role: Role,
    active: bool,
    /// Only admins see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

/// Lists people, in the order in which they were added.
///
/// Everyone sees names, roles and who is active; admins also see e-mail addresses.
#[utoipa::path(
    tag = "identity",
    params(ListPeopleQuery),
    security(("bearer" = [])),
    extensions(("x-permission" = json!("be_known"))),
    responses(
        (status = 200, description = "A page of people", body = Page<ListedPersonView>),
        (status = 400, description = "A parameter that is unknown or cannot be read", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "Not logged in", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "A search that cannot be", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
#[get("/people")]
pub(super) async fn list_people(
    authorized: Authorized<BeKnown>,
    identity: Data<Identity>,
    Query(query): Query<ListPeopleQuery>,
) -> Result<Json<Page<ListedPersonView>>, Problem> {
    let sees_email = ManagePeople::ROLES.contains(&authorized.caller().role);
    let ListPeopleQuery { q: text, role, cursor, limit } = query;
    let after = decode(cursor.as_deref())?;
    let page = identity.people(PeopleQuery { text, search_email: sees_email, role, after, limit }).await?;
    Ok(Json(page.map(|person| ListedPersonView {
        id: person.id,
        name: person.name,
        role: person.role,
        active: person.active,
        email: sees_email.then_some(person.email),
    })))
}
