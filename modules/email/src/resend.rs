//! Queues one mail, or every parked mail, again on an admin's request.

use std::sync::Arc;

use contracts::AuditAction;
use kernel::events::audit::Audit;

use crate::domain::{LINK_KINDS, Mail, MailId, MailState};
use crate::{Email, Error, store};

impl Email {
    /// Queues a sent or parked mail again, with a new set of attempts and the same Message-ID.
    ///
    /// # Errors
    /// `MailNotFound`, `AlreadyQueued`, `LinkSent`, `TextDeleted`, or the database fails.
    pub async fn resend_mail(&self, id: MailId) -> Result<Mail, Error> {
        let mut tx = self.inner.write.begin_command().await?;
        let now = tx.now();
        let Some(mail) = store::update_mail_to_queued(&mut tx, id, now).await? else {
            return Err(match store::load_mail_state_and_kind(&mut tx, id).await? {
                None => Error::MailNotFound,
                Some((MailState::Sent, kind)) if LINK_KINDS.contains(&kind.as_str()) => Error::LinkSent,
                Some((MailState::Sent, _)) => Error::TextDeleted,
                Some(_) => Error::AlreadyQueued,
            });
        };
        tx.audit(Audit::new(AuditAction::MailResent).of(id)).await?;
        tx.wake_on_commit(Arc::clone(&self.inner.wake));
        tx.commit_command(&mail).await?;
        tracing::info!(mail_id = %id, "mail queued for resending");
        Ok(mail)
    }

    /// Queues every parked mail again, each as `resend_mail` does. Returns their number.
    ///
    /// # Errors
    /// The database fails.
    pub async fn resend_parked_mails(&self) -> Result<u64, Error> {
        let mut tx = self.inner.write.begin_command().await?;
        let now = tx.now();
        let queued = store::update_parked_mails_to_queued(&mut tx, now).await?;
        if queued > 0 {
            tx.audit(Audit::new(AuditAction::MailResent).with("mails", queued)).await?;
        }
        tx.wake_on_commit(Arc::clone(&self.inner.wake));
        tx.commit_command(&queued).await?;
        tracing::info!(queued, "parked mails queued for resending");
        Ok(queued)
    }
}
