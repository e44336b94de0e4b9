//! Sets the gauges of the mail queue.

use kernel::DbError;

use crate::domain::MailState;
use crate::read::COUNTED_MAILS_MAX;
use crate::{Email, store};

impl Email {
    /// Reads how many mails wait, and for how long, and sets the gauges.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn measure(&self) -> Result<(), DbError> {
        let write = &self.inner.write;
        let mut connection = write.acquire().await?;
        for state in [MailState::Queued, MailState::Parked] {
            let count = store::count_mails(&mut connection, state, COUNTED_MAILS_MAX).await?;
            metrics::gauge!("piecework_mails_waiting", "state" => state.as_str()).set(count as f64);
        }
        let oldest = store::load_oldest_queued_mail(&mut connection).await?;
        let age = oldest.map(|created_at| write.ambient().now().signed_duration_since(created_at));
        metrics::gauge!("piecework_mail_oldest_seconds").set(age.unwrap_or_default().as_seconds_f64().max(0.0));
        Ok(())
    }
}
