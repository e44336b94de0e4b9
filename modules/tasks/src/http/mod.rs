//! The routes of tasks, one endpoint a file.

mod complete_task;
mod complete_tasks;
mod create_task;
mod create_tasks;
mod get_my_summary;
mod get_pool;
mod get_reassignment;
mod get_task;
mod get_task_history;
mod list_reassignments;
mod list_tasks;
mod preview_reassignment;
mod request_reassignment;
pub(crate) mod views;
mod watch_reassignment;

use actix_web::web::Data;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::service::Tasks;

/// Adds the routes of the module.
pub fn routes(config: &mut ServiceConfig<'_>, service: Tasks) {
    config
        .app_data(Data::new(service))
        .service(create_task::create_task)
        .service(list_tasks::list_tasks)
        // Before `get_task`, whose path parameter matches "batch" too.
        .service(create_tasks::create_tasks)
        .service(complete_tasks::complete_tasks)
        .service(get_task::get_task)
        .service(get_task_history::get_task_history)
        .service(complete_task::complete_task)
        .service(get_pool::get_pool)
        .service(get_my_summary::get_my_summary)
        // Before `get_reassignment`, whose path parameter matches "preview" too.
        .service(preview_reassignment::preview_reassignment)
        .service(request_reassignment::request_reassignment)
        .service(list_reassignments::list_reassignments)
        .service(get_reassignment::get_reassignment)
        .service(watch_reassignment::watch_reassignment);
}
