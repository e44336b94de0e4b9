//! Logs on standard error and metrics for a collector.

use std::io::IsTerminal;
use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::Error;
use crate::config::{LogFormat, Telemetry};

/// Seconds; from a request that hit a cache to one at its deadline.
const DURATION_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0];

/// Starts logging. In a process that logs already nothing changes.
///
/// # Errors
/// `telemetry.log` cannot be read.
pub fn start_logging(settings: &Telemetry) -> Result<(), Error> {
    let filter = EnvFilter::builder()
        .parse(&settings.log)
        .map_err(|error| Error::Configuration(format!("settings: `telemetry.log` {error}")))?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Fails where a subscriber was set before: that one stays.
    let _set_before = match settings.format {
        LogFormat::Text => logs.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
    };
    Ok(())
}

/// The metrics of this process, however many applications it hosts. `None` if another recorder was there first.
pub fn metrics() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &DURATION_BUCKETS)
                .ok()?
                .install_recorder()
                .ok()
        })
        .as_ref()
}
