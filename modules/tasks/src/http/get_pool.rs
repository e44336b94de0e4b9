//! `GET /pools/{id}`: gets the people among whom a draw has chosen.

use actix_web::get;
use actix_web::web::{Data, Json};
use chrono::{DateTime, Utc};
use contracts::permission::UseTasks;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::paging::{List, NoFilter, PageQuery};
use kernel::http::problem::ProblemDocument;
use kernel::http::{Cursor, Path};
use serde::Serialize;
use utoipa::ToSchema;

use super::views::PersonView;
use crate::domain::PoolMember;
use crate::service::Tasks;

/// A pool: the people who were assignable from `created_at` on, until the next pool.
#[derive(Serialize, ToSchema)]
#[schema(as = Pool)]
struct PoolView {
    /// The pool's id, as in the draw of an assignment.
    #[schema(minimum = 1)]
    id: i64,
    /// When the pool became the current one.
    created_at: DateTime<Utc>,
    /// Number of people in the pool.
    #[schema(minimum = 0)]
    size: usize,
    /// The people, in the order of their places.
    items: Vec<PoolMemberView>,
    /// The `cursor` of the next page. Null on the last page.
    #[schema(required, value_type = Option<String>)]
    next_cursor: Option<Cursor>,
}

/// A person of a pool.
#[derive(Serialize, ToSchema)]
#[schema(as = PoolMember)]
struct PoolMemberView {
    /// The place in the pool, from 0. A draw chooses the person at place `draw(seed, index, size)`
    /// (DOMAIN T8).
    #[schema(minimum = 0)]
    place: usize,
    /// The person.
    person: PersonView,
}

/// Gets the people among whom a draw has chosen
#[utoipa::path(
    tag = "tasks",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("use_tasks"))),
    params(("id" = i64, Path, description = "The pool's id"), PageQuery),
    responses(
        (status = 200, body = PoolView, description = "A page of the people of the pool"),
        (status = 404, body = ProblemDocument, description = "`tasks.pool_not_found`"),
    )
)]
#[get("/pools/{id}")]
pub async fn get_pool(
    _caller: Authorized<UseTasks>,
    tasks: Data<Tasks>,
    Path(id): Path<i64>,
    List { page, .. }: List<NoFilter, usize>,
) -> Result<Json<PoolView>, Problem> {
    let first = page.after.map_or(0, |last| last + 1);
    let pool = tasks.get_pool(id, first, page.limit).await?;
    let page = page.cut(pool.members, |member| member.place);
    let member = |member: PoolMember| PoolMemberView {
        place: member.place,
        person: PersonView { id: member.person_id, name: member.name },
    };
    let page = page.map(member);
    let (created_at, size) = (pool.created_at, pool.size);
    Ok(Json(PoolView { id, created_at, size, items: page.items, next_cursor: page.next_cursor }))
}
