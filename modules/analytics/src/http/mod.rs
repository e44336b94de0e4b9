//! The module's routes, for admins: four reads of figures.

mod get_earnings;
mod get_summary;
mod get_top_tasks;
mod get_wallets_below_zero;
mod views;

use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Analytics;

/// Adds the routes of the module.
pub fn routes(config: &mut ServiceConfig<'_>, service: Analytics) {
    config
        .app_data(web::Data::new(service))
        .service(get_summary::get_summary)
        .service(get_earnings::get_earnings)
        .service(get_wallets_below_zero::get_wallets_below_zero)
        .service(get_top_tasks::get_top_tasks);
}
