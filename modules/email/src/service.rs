//! The use cases: send what is due, list, resend.
//!
//! A mail is taken in one transaction, sent outside of any, and its result recorded in another. Whoever dies between sending and
//! recording leaves the mail to the next try after the lease: it may go out twice, with the same Message-ID, but is never lost.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use contracts::PersonId;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use kernel::jobs::Outcome;
use kernel::paging::{Limit, Page};
use kernel::{ReadPool, WritePool};
use lettre::message::Mailbox;
use sqlx::PgConnection;
use tokio::sync::Notify;

use crate::Error;
use crate::domain::{self, Language, MailId, MailState};
use crate::http::MailView;
use crate::message::{self, BuildError, Head};
use crate::settings::Settings;
use crate::statement;
use crate::store::{self, BuiltMessage, Failure, TakenMail};
use crate::transport::{Outlet, Parcel, SendError};

/// So many mails are taken, and sent side by side, at a time.
const BATCH: i64 = 8;
/// How much longer than a try may last nobody else takes the mail: time to record what came of it.
const LEASE_MARGIN_MS: i64 = 60_000;

/// The email module: it delivers what other modules' events ask for (DOMAIN E1, E2). Clones share everything.
#[derive(Clone)]
pub struct Email {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub write: WritePool,
    pub read: ReadPool,
    pub settings: Settings,
    pub wake: Arc<Notify>,
    from: Mailbox,
    outlet: Outlet,
    public_url: String,
}

/// A taken mail whose message is built.
struct Ready {
    mail: TakenMail,
    file_name: String,
    to_address: String,
    message: Vec<u8>,
}

/// A batch as it was taken.
struct Taken {
    ready: Vec<Ready>,
    /// The batch was full: more may be due.
    is_full: bool,
}

impl Email {
    /// `mail_dir` is where the file transport writes; `public_url` is where people reach this installation.
    /// Fails on settings that cannot work, naming the key.
    pub fn new(
        write: WritePool,
        read: ReadPool,
        settings: Settings,
        mail_dir: PathBuf,
        mut public_url: String,
    ) -> Result<Self, Error> {
        settings.check()?;
        let from: Mailbox = settings
            .from
            .parse()
            .map_err(|error| Error::Settings(format!("email.from is not `Name <address>`: {error}")))?;
        let outlet = Outlet::new(&settings, &from, mail_dir)?;
        public_url.truncate(public_url.trim_end_matches('/').len());
        Ok(Self {
            inner: Arc::new(Inner { write, read, settings, wake: Arc::new(Notify::new()), from, outlet, public_url }),
        })
    }

    /// Makes sure before the start that mail can leave; a mail server may well be down for now.
    pub async fn prepare(&self) -> Result<(), Error> {
        self.inner.outlet.prepare().await
    }

    /// Sends a batch of what is due. Safe to run beside itself: a mail is in one batch at a time.
    pub async fn send_due(&self) -> Result<Outcome, Error> {
        let Taken { ready, is_full } = self.take_due().await?;
        let mut tries: FuturesUnordered<_> = ready
            .iter()
            .map(|ready| async move {
                let parcel =
                    Parcel { file_name: &ready.file_name, to_address: &ready.to_address, message: &ready.message };
                (&ready.mail, self.inner.outlet.send(parcel).await)
            })
            .collect();
        // Each result is recorded as it comes. One that cannot be must not drop the tries still under way.
        let mut recorded = Ok(());
        while let Some((mail, result)) = tries.next().await {
            recorded = recorded.and(self.record(mail, result).await);
        }
        recorded?;
        Ok(if is_full { Outcome::More } else { Outcome::Idle })
    }

    /// A page of mails, newest first; `before` is where the last page ended.
    pub async fn list(
        &self,
        state: Option<MailState>,
        before: Option<MailId>,
        limit: Limit,
    ) -> Result<Page<MailView>, Error> {
        let select =
            async |connection: &mut PgConnection| store::select_mails(connection, state, before, limit.rows()).await;
        let rows = self.inner.read.run(select).await?;
        Ok(Page::cut(rows, limit, |row| row.id).map(MailView::from))
    }

    /// Queues a sent or parked mail once more, with a new set of tries and the same Message-ID.
    pub async fn resend(&self, id: MailId) -> Result<MailView, Error> {
        let mut tx = self.inner.write.begin().await?;
        let now = tx.now();
        let Some(row) = store::requeue_mail(&mut tx, id, now).await? else {
            let exists = store::mail_exists(&mut tx, id).await?;
            return Err(if exists { Error::AlreadyQueued } else { Error::NotFound });
        };
        tx.wake_on_commit(Arc::clone(&self.inner.wake));
        tx.commit().await?;
        tracing::info!(mail_id = %id, "mail queued again");
        Ok(row.into())
    }

    /// How many payout statements each business day has, whatever became of them, and a digest of to whom: for a verification to
    /// hold against the day's payouts (DOMAIN, invariant 4).
    pub async fn statements_per_day(&self) -> Result<Vec<(NaiveDate, (i64, String))>, Error> {
        let mut connection = self.inner.write.acquire().await?;
        Ok(store::count_statements(&mut connection).await?)
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// Takes due mails and builds those that never were, in one transaction.
    async fn take_due(&self) -> Result<Taken, Error> {
        let mut tx = self.inner.write.begin().await?;
        let now = tx.now();
        let taken = store::take_due_mails(&mut tx, now, self.lease_until(now), BATCH).await?;
        let is_full = i64::try_from(taken.len()).is_ok_and(|count| count == BATCH);
        let (mut ready, mut built, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        for mail in taken {
            match self.make_ready(mail, now) {
                Ok((mail, new)) => {
                    built.extend(new);
                    ready.push(mail);
                }
                Err(failure) => failures.push(failure),
            }
        }
        store::update_messages(&mut tx, &built).await?;
        store::mark_failed(&mut tx, &failures).await?;
        tx.commit().await?;
        failures.iter().for_each(report_failure);
        Ok(Taken { ready, is_full })
    }

    fn lease_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let send_timeout_ms = i64::try_from(self.inner.settings.send_timeout_ms).unwrap_or_default();
        now.checked_add_signed(Duration::milliseconds(send_timeout_ms + LEASE_MARGIN_MS)).unwrap_or(now)
    }

    /// The mail with its message: the stored one, or one built now that is to be stored.
    fn make_ready(&self, mut mail: TakenMail, now: DateTime<Utc>) -> Result<(Ready, Option<BuiltMessage>), Failure> {
        let file_name = domain::file_name(mail.business_day, PersonId::from(mail.person_id), MailId::from(mail.id));
        if let (Some(to_address), Some(message)) = (mail.to_address.take(), mail.message.take()) {
            return Ok((Ready { mail, file_name, to_address, message }, None));
        }
        let (Some(name), Some(to_address)) = (mail.name.take(), mail.email.take()) else {
            // The person's event may still be on its way.
            let reason = format!("no address known for person {}", mail.person_id);
            return Err(self.failure(&mail, &SendError::Retry(reason), now));
        };
        match self.build(&mail, &name, &to_address, now) {
            Ok(message) => {
                let built = BuiltMessage { id: mail.id, to_address: to_address.clone(), message: message.clone() };
                Ok((Ready { mail, file_name, to_address, message }, Some(built)))
            }
            Err(error) => Err(self.failure(&mail, &SendError::Refused(error.to_string()), now)),
        }
    }

    fn build(&self, mail: &TakenMail, name: &str, address: &str, now: DateTime<Utc>) -> Result<Vec<u8>, BuildError> {
        let language = mail.language.as_deref().and_then(Language::from_code).unwrap_or(self.inner.settings.language);
        let content = statement::write(&mail.data, mail.business_day, name, language, &self.inner.public_url)?;
        let head = Head {
            mail_id: MailId::from(mail.id),
            message_id: &mail.message_id,
            from: &self.inner.from,
            name,
            address,
            date: now,
        };
        message::build(&head, content)
    }

    async fn record(&self, mail: &TakenMail, result: Result<(), SendError>) -> Result<(), Error> {
        let mut tx = self.inner.write.begin().await?;
        let now = tx.now();
        match result {
            Ok(()) => {
                store::mark_sent(&mut tx, mail.id, now).await?;
                tx.commit().await?;
                metrics::counter!("piecework_mails_sent_total").increment(1);
                tracing::info!(mail_id = %mail.id, person_id = %mail.person_id, attempts = mail.attempts, "mail sent");
            }
            Err(error) => {
                let failure = self.failure(mail, &error, now);
                store::mark_failed(&mut tx, std::slice::from_ref(&failure)).await?;
                tx.commit().await?;
                report_failure(&failure);
            }
        }
        Ok(())
    }

    /// What to record of a failed try: another one later, or the end.
    fn failure(&self, mail: &TakenMail, error: &SendError, now: DateTime<Utc>) -> Failure {
        let settings = &self.inner.settings;
        let is_last = matches!(error, SendError::Refused(_)) || mail.attempts >= settings.max_attempts;
        Failure {
            id: mail.id,
            attempts: mail.attempts,
            reason: domain::reason(&error.to_string()),
            next_attempt_at: domain::next_attempt_at(settings, mail.attempts, now),
            state: if is_last { MailState::Parked } else { MailState::Queued },
        }
    }
}

/// Says what failed, but not the words: a server likes to repeat the address in them.
fn report_failure(failure: &Failure) {
    let (mail_id, attempts) = (failure.id, failure.attempts);
    if failure.state == MailState::Parked {
        metrics::counter!("piecework_mails_parked_total").increment(1);
        tracing::error!(%mail_id, attempts, "mail parked: a person must look at it; GET /admin/emails has the reason");
    } else {
        tracing::warn!(%mail_id, attempts, "mail could not be sent, will be tried again");
    }
}
