//! `GET /admin/modules`: what each module has still to do.

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, get};
use contracts::permission::OperateSystem;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::problem::ProblemDocument;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::Gateway;
use crate::http::forward::Others;
use crate::modules::TABLE;
use crate::state::ModuleState;

#[derive(Serialize, Deserialize, ToSchema)]
pub struct ModuleList {
    items: Vec<ModuleState>,
    /// Modules of other processes that cannot be asked right now.
    unreachable: Vec<String>,
    /// Always null: there is one page.
    next_cursor: Option<String>,
}

/// The modules, whichever process hosts them.
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
pub async fn list_modules(
    _: Authorized<OperateSystem>,
    gateway: Data<Gateway>,
    request: HttpRequest,
) -> Result<Json<ModuleList>, Problem> {
    let mut items = gateway.state.modules().await?;
    let others: Others<ModuleList> = gateway.forwarder.ask_others(&request, &[]).await;
    items.extend(others.answers.into_iter().flat_map(|other| other.items));
    // In the order of the table, each once.
    items.sort_by_key(|module| TABLE.iter().position(|entry| entry.name == module.name));
    items.dedup_by(|left, right| left.name == right.name);
    let unreachable = others.silent.into_iter().map(str::to_owned).collect();
    Ok(Json(ModuleList { items, unreachable, next_cursor: None }))
}
