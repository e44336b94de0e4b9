//! Deletes the text of mail that was sent long ago. The record of the mail stays.

use chrono::Duration;
use kernel::runtime::jobs::Outcome;

use crate::domain::file_name;
use crate::{Email, Error, store};

/// Maximum number of mails whose text one transaction deletes.
const DELETE_BATCH: usize = 500;

impl Email {
    /// Deletes the content and the message of up to 500 mails that were sent longer ago than
    /// `email.keep_days`, and their files. Mail that is queued or parked is left as it is.
    ///
    /// # Errors
    /// The database fails, or a file cannot be deleted.
    pub async fn delete_old_texts(&self) -> Result<Outcome, Error> {
        let keep_days = self.inner.settings.keep_days;
        if keep_days == 0 {
            return Ok(Outcome::Idle);
        }
        let mut tx = self.inner.write.begin().await?;
        let now = tx.now();
        let sent_before = now - Duration::days(keep_days.into());
        let mails = store::update_texts_to_deleted(&mut tx, sent_before, now, DELETE_BATCH).await?;
        // The rows are locked until the commit, so none of these mails can be sent again meanwhile.
        // If the commit fails, the next run finds the mails again, and their files gone.
        for (business_day, person_id, id) in &mails {
            self.delete_file(&file_name(*business_day, *person_id, *id)).await?;
        }
        tx.commit().await?;
        if !mails.is_empty() {
            tracing::info!(mails = mails.len(), keep_days, "the texts of sent mails were deleted");
        }
        Ok(if mails.len() == DELETE_BATCH { Outcome::More } else { Outcome::Idle })
    }

    /// Deletes a file that the file transport has written, also if mail is sent in another way now.
    async fn delete_file(&self, name: &str) -> Result<(), Error> {
        let path = self.inner.mail_dir.join(name);
        match tokio::fs::remove_file(&path).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::File(format!("cannot delete {}: {error}", path.display())))
            }
            _ => Ok(()),
        }
    }
}
