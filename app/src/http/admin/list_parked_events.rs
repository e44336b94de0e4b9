//! `GET /admin/events/parked`: events that a subscriber could not apply and has given up on.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::OperateSystem;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Query;
use kernel::inbox::ParkedEvent;
use kernel::paging::{Limit, Page, decode};
use kernel::problem::ProblemDocument;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::Gateway;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListParkedEventsQuery {
    /// Where the next page starts, as the last one said.
    cursor: Option<String>,
    /// 1 to 200, 50 if left out.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200)]
    #[serde(default)]
    limit: Limit,
}

/// Events that wait for a person, with the reason.
#[utoipa::path(
    tag = "system",
    params(ListParkedEventsQuery),
    responses(
        (status = 200, body = Page<ParkedEvent>),
        (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument),
    ),
    security(("bearer" = [])),
    extensions(("x-permission" = json!("operate_system")))
)]
#[get("/admin/events/parked")]
pub async fn list_parked_events(
    _: Authorized<OperateSystem>,
    query: Query<ListParkedEventsQuery>,
    gateway: Data<Gateway>,
) -> Result<Json<Page<ParkedEvent>>, Problem> {
    let after = decode(query.0.cursor.as_deref())?;
    let events = gateway.state.parked(after.as_ref(), query.0.limit.rows()).await?;
    Ok(Json(Page::cut(events, query.0.limit, |event| (event.event_id, event.subscriber.clone()))))
}
