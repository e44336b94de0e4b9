//! What runs beside requests: background tasks, the job queue, logs, metrics and traces.

pub mod audit_queue;
pub mod background;
pub mod jobs;
mod log_line;
mod metric_help;
pub mod process_metrics;
pub mod telemetry;
pub mod traces;
