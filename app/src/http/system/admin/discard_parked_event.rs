//! `POST /admin/modules/{module}/parked-events/{id}/discard`: gives a parked event up and records
//! the reason.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::permission::OperateSystem;
use kernel::http::auth::Authorized;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Body, Path};
use kernel::{Problem, Reason};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::hosted_module::{ParkedEventChanged, change_parked_event, inbox_of};
use crate::http::gateway::Gateway;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DiscardParkedEventRequest {
    /// Why the module need not apply the event: 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Discards a parked event; the module never applies it
#[utoipa::path(
    tag = "system",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("operate_system"))),
    params(
        ("module" = String, Path, description = "The name of the module"),
        ("id" = Uuid, Path, description = "The id of the event"),
        IdempotencyKey,
    ),
    request_body = DiscardParkedEventRequest,
    responses(
        (status = 200, body = ParkedEventChanged, description = "The event is discarded"),
        (status = 404, body = ProblemDocument, description = "`not_found`: no module has this name, or it has not parked this event"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the reason is not valid"),
    )
)]
#[post("/admin/modules/{module}/parked-events/{id}/discard")]
pub async fn discard_parked_event(
    _caller: Authorized<OperateSystem>,
    gateway: Data<Gateway>,
    Path((module, event_id)): Path<(String, Uuid)>,
    Body(request): Body<DiscardParkedEventRequest>,
) -> Result<HttpResponse, Problem> {
    let reason = Reason::parse(&request.reason).map_err(|error| Problem::invalid("/reason", error))?;
    let inbox = inbox_of(&gateway.status, &module)?;
    let change = async move {
        match inbox {
            Some(inbox) => inbox.discard_parked(event_id, reason.as_str()).await,
            None => Ok(false),
        }
    };
    change_parked_event(event_id, module, change).await
}
