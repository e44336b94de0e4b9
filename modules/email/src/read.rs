//! Lists and counts mails for admins.

use kernel::http::paging::Limit;
use sqlx::PgConnection;

use crate::domain::{Mail, MailFilter, MailId, MailState};
use crate::{Email, Error, store};

/// Mails are counted up to this number.
pub(crate) const COUNTED_MAILS_MAX: i64 = 1_000;

impl Email {
    /// Mails of the filter that are older than `before`, newest first; one more than the limit if
    /// there are more.
    ///
    /// # Errors
    /// The database fails.
    pub async fn list_mails(
        &self,
        filter: &MailFilter,
        before: Option<MailId>,
        limit: Limit,
    ) -> Result<Vec<Mail>, Error> {
        let list = async |connection: &mut PgConnection| match filter.person_id {
            Some(person) => store::list_mails_of_person(connection, person, filter, before, limit.rows()).await,
            None => store::list_mails(connection, filter, before, limit.rows()).await,
        };
        Ok(self.inner.read.run(list).await?)
    }

    /// The numbers of queued and of parked mails, each counted up to a maximum.
    ///
    /// # Errors
    /// The database fails.
    pub async fn get_mail_summary(&self) -> Result<(i64, i64), Error> {
        let count = async |connection: &mut PgConnection| {
            let queued = store::count_mails(connection, MailState::Queued, COUNTED_MAILS_MAX).await?;
            Ok((queued, store::count_mails(connection, MailState::Parked, COUNTED_MAILS_MAX).await?))
        };
        Ok(self.inner.read.run(count).await?)
    }
}
