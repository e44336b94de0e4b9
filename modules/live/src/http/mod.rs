//! The module's only route.

mod views;
mod watch_changes;

use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Live;

/// Adds the route of the module.
pub fn routes(config: &mut ServiceConfig<'_>, service: Live) {
    config.app_data(web::Data::new(service)).service(watch_changes::watch_changes);
}
