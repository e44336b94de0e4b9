//! `GET /reassignments/preview`

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::Money;
use contracts::permission::ReassignTasks;
use kernel::Problem;
use kernel::auth::Authorized;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Tasks;

#[derive(Serialize, ToSchema)]
struct ReassignmentPreviewView {
    open_tasks: i64,
    /// The fees of all open tasks that have a price.
    cost: Money,
    /// Open tasks that accounting has not priced yet: not in the cost.
    unpriced_tasks: i64,
}

/// Says what reassigning all open tasks would cost now
#[utoipa::path(
    tag = "reassignments",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("reassign_tasks"))),
    responses((status = 200, body = ReassignmentPreviewView))
)]
#[get("/reassignments/preview")]
pub async fn preview_reassignment(
    _caller: Authorized<ReassignTasks>,
    tasks: Data<Tasks>,
) -> Result<Json<ReassignmentPreviewView>, Problem> {
    let preview = tasks.preview_reassignment().await?;
    Ok(Json(ReassignmentPreviewView {
        open_tasks: preview.open_tasks,
        cost: Money { amount_minor: preview.cost_minor, currency: tasks.currency },
        unpriced_tasks: preview.unpriced_tasks,
    }))
}
