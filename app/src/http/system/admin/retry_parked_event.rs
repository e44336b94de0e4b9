//! `POST /admin/modules/{module}/parked-events/{id}/retry`: gives a parked event a new set of
//! attempts, immediately.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::permission::OperateSystem;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::problem::ProblemDocument;
use kernel::http::{NoBody, Path};
use uuid::Uuid;

use super::hosted_module::{ParkedEventChanged, change_parked_event, inbox_of};
use crate::http::gateway::Gateway;

/// Retries a parked event immediately
#[utoipa::path(
    tag = "system",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("operate_system"))),
    params(
        ("module" = String, Path, description = "The name of the module"),
        ("id" = Uuid, Path, description = "The id of the event"),
        IdempotencyKey,
    ),
    responses(
        (status = 200, body = ParkedEventChanged, description = "The event is tried again"),
        (status = 404, body = ProblemDocument, description = "`not_found`: no module has this name, or it has not parked this event"),
    )
)]
#[post("/admin/modules/{module}/parked-events/{id}/retry")]
pub async fn retry_parked_event(
    _caller: Authorized<OperateSystem>,
    gateway: Data<Gateway>,
    Path((module, event_id)): Path<(String, Uuid)>,
    _body: NoBody,
) -> Result<HttpResponse, Problem> {
    let inbox = inbox_of(&gateway.status, &module)?;
    let change = async move {
        match inbox {
            Some(inbox) => inbox.retry_parked(event_id).await,
            None => Ok(false),
        }
    };
    change_parked_event(event_id, module, change).await
}
