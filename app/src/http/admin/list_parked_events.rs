//! `GET /admin/events/parked`: events that a subscriber could not apply and has given up on.

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, get};
use contracts::permission::OperateSystem;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Query;
use kernel::inbox::ParkedEvent;
use kernel::paging::{Limit, Page, decode, encode};
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
        (status = 503, body = ProblemDocument),
    ),
    security(("bearer" = [])),
    extensions(("x-permission" = json!("operate_system")))
)]
#[get("/admin/events/parked")]
pub async fn list_parked_events(
    _: Authorized<OperateSystem>,
    query: Query<ListParkedEventsQuery>,
    gateway: Data<Gateway>,
    request: HttpRequest,
) -> Result<Json<Page<ParkedEvent>>, Problem> {
    let (after, limit) = (decode(query.0.cursor.as_deref())?, query.0.limit);
    let mut events = gateway.state.parked(after.as_ref(), limit.rows()).await?;
    let others: Vec<Page<ParkedEvent>> = gateway.forwarder.ask_others(&request, &[]).await.everybody()?;
    let is_more = others.iter().any(|other| other.next_cursor.is_some());
    events.extend(others.into_iter().flat_map(|other| other.items));
    let key = |event: &ParkedEvent| (event.event_id, event.subscriber.clone());
    events.sort_by_key(key);
    let mut page = Page::cut(events, limit, key);
    if is_more && page.next_cursor.is_none() {
        page.next_cursor = page.items.last().map(|last| encode(&key(last)));
    }
    Ok(Json(page))
}
