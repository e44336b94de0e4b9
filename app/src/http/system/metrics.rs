//! `GET /metrics`: the metrics in the text format of Prometheus.

use actix_web::http::header;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};

use super::route_table::get_only;
use crate::runtime::{process_metrics, telemetry};
use crate::status::Status;

/// Adds the route.
pub fn add_routes(app: &mut ServiceConfig) {
    app.service(get_only("/metrics", get_metrics));
}

async fn get_metrics(status: web::Data<Status>) -> impl Responder {
    status.measure_now();
    let mut text = process_metrics::render(status.started_at());
    text += &telemetry::metrics().map(metrics_exporter_prometheus::PrometheusHandle::render).unwrap_or_default();
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")).body(text)
}
