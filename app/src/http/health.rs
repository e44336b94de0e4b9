//! Is the process alive, and can it serve?

use std::collections::BTreeMap;

use actix_web::http::header::{self, CacheControl, CacheDirective};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder, get};
use serde::Serialize;

use super::Gateway;
use crate::databases::Health;

pub fn add_routes(app: &mut ServiceConfig) {
    app.service(livez).service(readyz).service(jwks);
}

#[derive(Serialize)]
struct Readiness {
    /// The modules that this process hosts.
    modules: Vec<&'static str>,
    reads: bool,
    writes: bool,
    /// Whether events travel. Requests are served without it, and what they cause follows.
    bus: bool,
    databases: BTreeMap<&'static str, Health>,
}

/// The process runs: nothing else is asked, so that a broken database does not get us killed.
#[get("/livez")]
async fn livez() -> impl Responder {
    HttpResponse::Ok()
        .insert_header(CacheControl(vec![CacheDirective::NoStore]))
        .json(serde_json::json!({ "alive": true }))
}

/// 200 while the databases that are used here answer to reads. Other processes are not asked: they have readiness of their own.
#[get("/readyz")]
async fn readyz(gateway: web::Data<Gateway>) -> impl Responder {
    let databases = gateway.state.health().await;
    let readiness = Readiness {
        modules: gateway.state.hosted().collect(),
        reads: databases.values().all(|health| health.reads),
        writes: databases.values().all(|health| health.writes),
        bus: gateway.state.bus_is_connected(),
        databases,
    };
    let mut response = if readiness.reads { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.insert_header(CacheControl(vec![CacheDirective::NoStore])).json(readiness)
}

/// The public keys of our access tokens.
#[get("/.well-known/jwks.json")]
async fn jwks(gateway: web::Data<Gateway>) -> impl Responder {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=300")).json(gateway.identity.jwks())
}
