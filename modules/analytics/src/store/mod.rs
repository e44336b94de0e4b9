//! All SQL: selects on the views that accounting and tasks publish for reporting, one file for each
//! of their schemas.

mod accounting_report;
mod tasks_report;

pub use accounting_report::{
    count_wallets_below_zero, list_day_earnings, list_day_wallets, list_top_tasks, load_currency, load_open_day,
    load_total_earned,
};
pub use tasks_report::list_names;
