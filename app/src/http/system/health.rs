//! Whether the process is alive and can serve requests, and the public keys of its access tokens.

use std::collections::BTreeMap;

use actix_web::http::header::{self, CacheControl, CacheDirective};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use serde::Serialize;

use super::route_table::get_only;
use crate::databases::Health;
use crate::http::gateway::Gateway;
use crate::status::ModuleNotice;

/// Adds the routes that need no access token.
pub fn add_routes(app: &mut ServiceConfig) {
    app.service(get_only("/livez", get_liveness))
        .service(get_only("/readyz", get_readiness))
        .service(get_only("/.well-known/jwks.json", get_public_keys));
}

#[derive(Serialize)]
struct Readiness {
    /// The modules that this process hosts.
    modules: Vec<&'static str>,
    /// Whether the process is about to stop. Requests are served until it does.
    stopping: bool,
    /// Whether all databases of this process answer reads.
    reads: bool,
    /// Whether all databases of this process answer writes.
    writes: bool,
    /// Whether the bus is connected. Without it, requests are served and events are delivered
    /// later.
    bus: bool,
    /// What a person has to do before the modules work as meant. Requests are served meanwhile.
    notices: Vec<ModuleNotice>,
    /// The databases of this process.
    databases: BTreeMap<&'static str, Health>,
}

/// `GET /livez`: the process runs. It checks no database, so that a broken database does not
/// restart the process.
async fn get_liveness() -> impl Responder {
    HttpResponse::Ok()
        .insert_header(CacheControl(vec![CacheDirective::NoStore]))
        .json(serde_json::json!({ "alive": true }))
}

/// `GET /readyz`: 200 while the databases of this process answer reads and no stop was asked for.
/// Other processes report their own readiness.
async fn get_readiness(gateway: web::Data<Gateway>) -> impl Responder {
    let databases = gateway.status.health().await;
    let readiness = Readiness {
        modules: gateway.status.hosted().collect(),
        stopping: gateway.status.is_stopping(),
        reads: databases.values().all(|health| health.reads),
        writes: databases.values().all(|health| health.writes),
        bus: gateway.status.bus_is_connected(),
        notices: gateway.status.last_notices(),
        databases,
    };
    let is_ready = readiness.reads && !readiness.stopping;
    let mut response = if is_ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.insert_header(CacheControl(vec![CacheDirective::NoStore])).json(readiness)
}

/// `GET /.well-known/jwks.json`: the public keys that verify the access tokens.
async fn get_public_keys(gateway: web::Data<Gateway>) -> impl Responder {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=300")).json(gateway.identity.jwks())
}
