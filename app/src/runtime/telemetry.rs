//! Logs on standard error, and metrics for a collector.

use std::io::IsTerminal;
use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::{Directive, ParseError};
use tracing_subscriber::fmt::format::debug_fn;

use super::metric_help;
use crate::Error;
use crate::config::{self, LogFormat, Telemetry};
use crate::runtime::log_line::write_field;

/// The buckets of every duration in seconds, from a request that needs no database to one at its
/// deadline.
const DURATION_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0];

/// The part of the HTTP library that reads requests. It logs each request that is not HTTP as an
/// error, although only its client is at fault. `http::connection` logs these requests with their
/// request ids instead.
const HTTP_PARSER: &str = "actix_http::h1::dispatcher";

/// Starts logging. A process that already logs goes on as before.
///
/// # Errors
/// `telemetry.log` is not a filter.
pub fn start_logging(settings: &Telemetry) -> Result<(), Error> {
    let filter = EnvFilter::builder()
        .parse(&settings.log)
        .map_err(|error| config::Error::invalid("telemetry.log", error.to_string()))?;
    let filter = if settings.log.contains(HTTP_PARSER) { filter } else { filter.add_directive(parser_is_silent()?) };
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // This fails if the process has a subscriber already. That one stays.
    let _set_before = match settings.format {
        LogFormat::Text => {
            let logs = logs.fmt_fields(debug_fn(write_field).delimited(" ")).with_target(false);
            logs.with_ansi(std::io::stderr().is_terminal()).try_init()
        }
        LogFormat::Json => logs.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
    };
    Ok(())
}

fn parser_is_silent() -> Result<Directive, Error> {
    let directive = format!("{HTTP_PARSER}=off").parse();
    directive.map_err(|error: ParseError| config::Error::invalid("telemetry.log", error.to_string()).into())
}

/// The metrics of this process, which all applications in it share. `None` if another recorder was
/// installed first.
pub fn metrics() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let handle = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &DURATION_BUCKETS)
                .ok()?
                .install_recorder()
                .ok()?;
            metric_help::describe();
            metrics::gauge!("piecework_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
            Some(handle)
        })
        .as_ref()
}
