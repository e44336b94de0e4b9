//! The endpoints to operate the modules: their state and their parked events. The process that
//! hosts a module answers for the module, and the proxy forwards a request to it by the name of the
//! module in the path.

mod discard_parked_event;
mod get_module;
mod hosted_module;
mod list_modules;
mod list_parked_events;
mod retry_parked_event;

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the routes.
pub fn add_routes(api: &mut ServiceConfig<'_>) {
    api.service(list_modules::list_modules)
        .service(get_module::get_module)
        .service(list_parked_events::list_parked_events)
        .service(retry_parked_event::retry_parked_event)
        .service(discard_parked_event::discard_parked_event);
}
