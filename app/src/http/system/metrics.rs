//! `GET /metrics`: the metrics in the text format of Prometheus.

use actix_web::http::header;
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, Responder};

use super::route_table::get_only;
use crate::runtime::telemetry;

/// Adds the route.
pub fn add_routes(app: &mut ServiceConfig) {
    app.service(get_only("/metrics", get_metrics));
}

async fn get_metrics() -> impl Responder {
    let text = telemetry::metrics().map(metrics_exporter_prometheus::PrometheusHandle::render).unwrap_or_default();
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")).body(text)
}
