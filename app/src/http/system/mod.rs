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

use actix_web::web::ServiceConfig;

/// Adds the routes that are outside of the API.
pub fn add_routes_outside(app: &mut ServiceConfig) {
    app.configure(health::add_routes);
}
