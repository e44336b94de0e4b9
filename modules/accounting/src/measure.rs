//! Sets the gauges of the business days.

use kernel::DbError;

use crate::{Accounting, Error};

impl Accounting {
    /// Reads when the open day ends, and sets the gauges.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn measure(&self) -> Result<(), DbError> {
        let due = match self.get_due_days().await {
            Ok(due) => due,
            Err(Error::Database(error)) => return Err(error),
            // The first start opens the first day.
            Err(_) => return Ok(()),
        };
        let end = self.policy.end_of(due.open_day);
        let overdue = self.write.ambient().now().signed_duration_since(end);
        metrics::gauge!("piecework_open_day_end_timestamp_seconds").set(end.timestamp() as f64);
        metrics::gauge!("piecework_close_overdue_seconds").set(overdue.as_seconds_f64().max(0.0));
        Ok(())
    }
}
