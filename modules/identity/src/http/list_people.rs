//! `GET /people`: lists people, in pages.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::{BeKnown, ManagePeople};
use contracts::{Permission, PersonId, Role};
use kernel::http::auth::Authorized;
use kernel::http::paging::{List, Page, PageQuery};
use kernel::http::problem::ProblemDocument;
use kernel::{ListOrder, ListPosition, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Identity;
use crate::domain::PeopleFilter;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListPeopleQuery {
    /// Part of the name, or for admins of the e-mail address. At most 200 characters.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Lists only people of this role.
    role: Option<Role>,
    /// `true` lists only people who may log in, `false` only those who were deactivated.
    active: Option<bool>,
    /// `created`: the one who was created first comes first, the default. `name`: by name.
    #[serde(default)]
    #[param(inline, value_type = Option<ListOrder>)]
    sort: ListOrder,
}

/// A person in a list.
#[derive(Serialize, ToSchema)]
struct ListedPersonView {
    #[schema(value_type = uuid::Uuid)]
    id: PersonId,
    name: String,
    role: Role,
    active: bool,
    /// Only for admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<String>,
}

/// Lists people
///
/// Everyone sees names, roles and activity. Admins also see e-mail addresses.
#[utoipa::path(
    tag = "identity",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("be_known"))),
    params(ListPeopleQuery, PageQuery),
    responses(
        (status = 200, body = Page<ListedPersonView>, description = "A page of people"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the search text is not valid"),
    )
)]
#[get("/people")]
pub async fn list_people(
    caller: Authorized<BeKnown>,
    identity: Data<Identity>,
    List { filter, page }: List<ListPeopleQuery, ListPosition<PersonId>>,
) -> Result<Json<Page<ListedPersonView>>, Problem> {
    let sees_email = ManagePeople::ROLES.contains(&caller.caller().role);
    let ListPeopleQuery { q: text, role, active, sort } = filter;
    let filter = PeopleFilter { order: sort, text, search_email: sees_email, role, active };
    let people = identity.list_people(filter, page.after.clone(), page.limit).await?;
    Ok(Json(page.cut(people, |person| sort.position(person.id, &person.name)).map(|person| ListedPersonView {
        id: person.id,
        name: person.name,
        role: person.role,
        active: person.active,
        email: sees_email.then_some(person.email),
    })))
}
