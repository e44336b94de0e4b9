//! What runs beside requests: background tasks, the job queue, logs and metrics.

pub mod audit_queue;
pub mod background;
pub mod jobs;
mod log_line;
mod metric_help;
pub mod process_metrics;
pub mod telemetry;
