//! `GET /admin/modules`: lists the modules and the processes that host them.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::OperateSystem;
use kernel::http::auth::Authorized;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::gateway::Gateway;
use crate::modules::CATALOGUE;

/// One module and its process.
#[derive(Serialize, ToSchema)]
struct ModulePlace {
    #[schema(example = "tasks")]
    name: &'static str,
    /// Whether the process that answers hosts the module.
    hosted: bool,
    /// The URL of the process that hosts the module. Null: the process that answers hosts it, or
    /// does not know the URL.
    #[schema(required)]
    url: Option<String>,
}

/// All modules of the system.
#[derive(Serialize, ToSchema)]
struct ModuleList {
    items: Vec<ModulePlace>,
    /// Always null, because the list has one page.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Lists the modules and the processes that host them
#[utoipa::path(
    tag = "system",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("operate_system"))),
    responses((status = 200, body = ModuleList, description = "Every module"))
)]
#[get("/admin/modules")]
pub async fn list_modules(_caller: Authorized<OperateSystem>, gateway: Data<Gateway>) -> Json<ModuleList> {
    let place = |name: &'static str| ModulePlace {
        name,
        hosted: gateway.status.hosted_module(name).is_some(),
        url: gateway.proxy.url_of(name),
    };
    Json(ModuleList { items: CATALOGUE.iter().map(|entry| place(entry.name)).collect(), next_cursor: None })
}
