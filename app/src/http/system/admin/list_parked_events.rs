//! `GET /admin/modules/{module}/parked-events`: lists the events that a module could not apply.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::OperateSystem;
use kernel::Problem;
use kernel::events::inbox::ParkedEvent;
use kernel::http::Path;
use kernel::http::auth::Authorized;
use kernel::http::paging::{List, NoFilter, Page, PageQuery};
use kernel::http::problem::ProblemDocument;
use uuid::Uuid;

use super::hosted_module::inbox_of;
use crate::http::gateway::Gateway;

/// Lists the events that wait for an admin, with the reason
#[utoipa::path(
    tag = "system",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("operate_system"))),
    params(("module" = String, Path, description = "The name of the module"), PageQuery),
    responses(
        (status = 200, body = Page<ParkedEvent>, description = "A page of parked events"),
        (status = 404, body = ProblemDocument, description = "`not_found`: no module has this name"),
    )
)]
#[get("/admin/modules/{module}/parked-events")]
pub async fn list_parked_events(
    _caller: Authorized<OperateSystem>,
    gateway: Data<Gateway>,
    Path(module): Path<String>,
    List { page, .. }: List<NoFilter, Uuid>,
) -> Result<Json<Page<ParkedEvent>>, Problem> {
    let events = match inbox_of(&gateway.status, &module)? {
        Some(inbox) => inbox.list_parked(page.after, page.limit.rows()).await?,
        None => Vec::new(),
    };
    Ok(Json(page.cut(events, |event| event.event_id)))
}
