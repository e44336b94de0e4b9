//! `GET /admin/modules`: what each module has still to do.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::OperateSystem;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::problem::ProblemDocument;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::Gateway;
use crate::state::ModuleState;

#[derive(Serialize, ToSchema)]
pub struct ModuleList {
    items: Vec<ModuleState>,
    /// Always null: there is one page.
    next_cursor: Option<String>,
}

/// The modules of this process.
#[utoipa::path(
    tag = "system",
    responses(
        (status = 200, body = ModuleList),
        (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument),
    ),
    security(("bearer" = [])),
    extensions(("x-permission" = json!("operate_system")))
)]
#[get("/admin/modules")]
pub async fn list_modules(_: Authorized<OperateSystem>, gateway: Data<Gateway>) -> Result<Json<ModuleList>, Problem> {
    Ok(Json(ModuleList { items: gateway.state.modules().await?, next_cursor: None }))
}
