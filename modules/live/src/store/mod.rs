//! All SQL: selects on the views that tasks and accounting publish for reporting, one file for each
//! of their schemas.

mod accounting_report;
mod positions;
mod tasks_report;

pub use accounting_report::list_wallet_lines;
pub use positions::load_position;
pub use tasks_report::{list_open_tasks, list_runs};
