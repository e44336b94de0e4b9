//! The gateway's own endpoints: health, metrics, documentation, and the operation of the modules.

pub mod admin;
mod common_problems;
mod docs;
mod event_streams;
mod examples;
mod health;
mod links;
pub mod metrics;
pub mod openapi;
mod operations;
mod parameters;
mod problem_responses;
mod problems;
pub mod route_table;
mod security;
mod successes;

use actix_web::web;
use kernel::module::Module;
use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the routes of these modules and of the gateway to the API.
pub fn add_routes(modules: &[Module], api: &mut ServiceConfig<'_>) {
    // The library compares a path with one route after the other, and most requests are about
    // tasks.
    let mut modules: Vec<&Module> = modules.iter().collect();
    modules.sort_by_key(|module| module.name != "tasks");
    for module in modules {
        (module.routes)(api);
    }
    admin::add_routes(api);
    docs::add_routes(api);
    problems::add_routes(api);
    api.service(openapi::get_openapi);
}

/// Adds the routes that are outside of the API. `has_metrics`: the metrics have no address of their
/// own.
pub fn add_routes_outside(app: &mut web::ServiceConfig, has_metrics: bool) {
    app.configure(health::add_routes);
    if has_metrics {
        app.configure(metrics::add_routes);
    }
}
