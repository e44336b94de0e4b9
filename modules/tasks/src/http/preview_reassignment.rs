//! `GET /reassignments/preview`: previews the cost of a reassign.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::Money;
use contracts::permission::ReassignTasks;
use kernel::Problem;
use kernel::http::auth::Authorized;
use serde::Serialize;
use utoipa::ToSchema;

use crate::service::Tasks;

#[derive(Serialize, ToSchema)]
struct ReassignmentPreviewView {
    /// Number of open tasks.
    #[schema(minimum = 0)]
    open_tasks: i64,
    /// The sum of the fees of all open tasks that have a price.
    cost: Money,
    /// Number of open tasks without a price. The cost does not include them.
    #[schema(minimum = 0)]
    unpriced_tasks: i64,
}

/// Previews what a reassign of all open tasks would cost now
#[utoipa::path(
    tag = "reassignments",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("reassign_tasks"))),
    responses((status = 200, body = ReassignmentPreviewView, description = "The number of tasks and the cost"))
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
