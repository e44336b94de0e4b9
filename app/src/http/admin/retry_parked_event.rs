//! `POST /admin/events/parked/{id}/retry`: gives a parked event a new set of tries, at once.

use std::sync::Arc;

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, post};
use contracts::permission::OperateSystem;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::{OptionalBody, Path, shielded};
use kernel::problem::ProblemDocument;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ParkedEventChanged;
use crate::http::Gateway;

/// Nothing, or `{}`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RetryParkedEventRequest {}

/// Tries a parked event again.
#[utoipa::path(
    tag = "system",
    params(("id" = Uuid, Path, description = "The event")),
    request_body = Option<RetryParkedEventRequest>,
    responses(
        (status = 200, body = ParkedEventChanged),
        (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
    ),
    security(("bearer" = [])),
    extensions(("x-permission" = json!("operate_system")))
)]
#[post("/admin/events/parked/{id}/retry")]
pub async fn retry_parked_event(
    _: Authorized<OperateSystem>,
    event_id: Path<Uuid>,
    _body: OptionalBody<RetryParkedEventRequest>,
    gateway: Data<Gateway>,
    request: HttpRequest,
) -> Result<Json<ParkedEventChanged>, Problem> {
    let (state, event_id) = (Arc::clone(&gateway.state), event_id.0);
    let subscribers = shielded(async move { state.retry_parked(event_id).await }).await?;
    let others = gateway.forwarder.ask_others(&request, &[]).await;
    ParkedEventChanged::new(event_id, &subscribers, others).map(Json)
}
