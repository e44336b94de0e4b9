//! `POST /admin/events/parked/{id}/discard`: gives a parked event up for good, on record.

use std::sync::Arc;

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, post};
use contracts::permission::OperateSystem;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::{Body, Path, shielded};
use kernel::problem::ProblemDocument;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ParkedEventChanged;
use crate::http::Gateway;
use crate::state::discard_reason;

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DiscardParkedEventRequest {
    /// Why it may be forgotten: 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Discards a parked event.
#[utoipa::path(
    tag = "system",
    params(("id" = Uuid, Path, description = "The event")),
    request_body = DiscardParkedEventRequest,
    responses(
        (status = 200, body = ParkedEventChanged),
        (status = 400, body = ProblemDocument),
        (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument),
        (status = 422, body = ProblemDocument),
    ),
    security(("bearer" = [])),
    extensions(("x-permission" = json!("operate_system")))
)]
#[post("/admin/events/parked/{id}/discard")]
pub async fn discard_parked_event(
    _: Authorized<OperateSystem>,
    event_id: Path<Uuid>,
    body: Body<DiscardParkedEventRequest>,
    gateway: Data<Gateway>,
    request: HttpRequest,
) -> Result<Json<ParkedEventChanged>, Problem> {
    let reason = discard_reason(&body.0.reason)?;
    let said = serde_json::to_vec(&body.0).map_err(|error| Problem::internal(&error))?;
    let (state, event_id) = (Arc::clone(&gateway.state), event_id.0);
    let subscribers = shielded(async move { state.discard_parked(event_id, &reason).await }).await?;
    let others = gateway.forwarder.ask_others(&request, &said).await;
    ParkedEventChanged::new(event_id, &subscribers, others).map(Json)
}
