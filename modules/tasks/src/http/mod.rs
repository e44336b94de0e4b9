//! The routes of tasks, one endpoint a file.

mod complete_task;
mod create_task;
mod get_reassignment;
mod get_task;
mod get_task_history;
mod list_reassignments;
mod list_tasks;
mod preview_reassignment;
mod request_reassignment;
mod views;
mod watch_reassignment;

use actix_web::web::Data;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Tasks;
pub(crate) use views::TaskView;

pub fn configure(config: &mut ServiceConfig<'_>, tasks: Tasks) {
    config
        .app_data(Data::new(tasks))
        .service(create_task::create_task)
        .service(list_tasks::list_tasks)
        .service(get_task::get_task)
        .service(get_task_history::get_task_history)
        .service(complete_task::complete_task)
        // Before the route with an id, which would take "preview" for one.
        .service(preview_reassignment::preview_reassignment)
        .service(request_reassignment::request_reassignment)
        .service(list_reassignments::list_reassignments)
        .service(get_reassignment::get_reassignment)
        .service(watch_reassignment::watch_reassignment);
}
