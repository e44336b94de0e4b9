//! Finds the module that the path of a request names.

use std::sync::Arc;

use actix_web::HttpResponse;
use kernel::Problem;
use kernel::events::inbox::Inbox;
use kernel::http::{Answer, answered, shielded};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::status::Status;

/// The inbox of a module of this process. None: the module subscribes to no events.
///
/// # Errors
/// 404: no module has this name.
pub fn inbox_of(status: &Status, module: &str) -> Result<Option<Arc<Inbox>>, Problem> {
    status.hosted_module(module).ok_or_else(unknown_module)?;
    Ok(status.inbox_of(module).cloned())
}

/// No module has the name in the path. A request for a remote module never gets here: it is
/// forwarded.
pub fn unknown_module() -> Problem {
    Problem::not_found("module")
}

/// The answer to a retry or a discard.
#[derive(Serialize, ToSchema)]
pub struct ParkedEventChanged {
    /// The id of the event.
    id: Uuid,
    /// The module that had parked the event.
    module: String,
}

/// Changes a parked event by `change`, which says whether the module had parked it.
///
/// # Errors
/// 404: it had not; the error of the change.
pub async fn change_parked_event<E>(
    id: Uuid,
    module: String,
    change: impl Future<Output = Result<bool, E>> + Send + 'static,
) -> Result<HttpResponse, Problem>
where
    E: Into<Problem> + Send + 'static,
{
    let changed = move |_was_parked: &bool| Answer::json(200, &ParkedEventChanged { id, module: module.clone() });
    let change = async {
        let was_parked = shielded(change).await?;
        if was_parked { Ok(true) } else { Err(Problem::not_found("parked event")) }
    };
    answered(changed, change).await
}
