//! `GET /admin/modules/{module}`: gets the state of a module.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::OperateSystem;
use kernel::Problem;
use kernel::http::Path;
use kernel::http::auth::Authorized;
use kernel::http::problem::ProblemDocument;

use super::hosted_module::unknown_module;
use crate::http::gateway::Gateway;
use crate::status::ModuleState;

/// Gets the state of a module
#[utoipa::path(
    tag = "system",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("operate_system"))),
    params(("module" = String, Path, description = "The name of the module")),
    responses(
        (status = 200, body = ModuleState, description = "The state"),
        (status = 404, body = ProblemDocument, description = "`not_found`: no module has this name"),
    )
)]
#[get("/admin/modules/{module}")]
pub async fn get_module(
    _caller: Authorized<OperateSystem>,
    gateway: Data<Gateway>,
    Path(module): Path<String>,
) -> Result<Json<ModuleState>, Problem> {
    gateway.status.module(&module).await?.map(Json).ok_or_else(unknown_module)
}
