//! The metrics, for Prometheus to collect.

use actix_web::http::header;
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, Responder, get};

use crate::telemetry;

pub fn add_routes(app: &mut ServiceConfig) {
    app.service(metrics);
}

#[get("/metrics")]
async fn metrics() -> impl Responder {
    let text = telemetry::metrics().map(metrics_exporter_prometheus::PrometheusHandle::render).unwrap_or_default();
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4")).body(text)
}
