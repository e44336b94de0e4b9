//! Delivers the mails that are due.
//!
//! One transaction leases the mails of a batch, the mails are sent outside of any transaction, and
//! another transaction records each result. If the process stops between sending and recording, the
//! mail is attempted again after its lease. It may then be sent twice, with the same Message-ID,
//! but it is never lost. While only the database fails, the process remembers which mails the
//! server has accepted, and records them before it leases others.

use std::collections::HashSet;
use std::sync::PoisonError;

use chrono::{DateTime, Duration, Utc};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use kernel::http::trace::TraceContext;
use kernel::runtime::jobs::Outcome;
use kernel::runtime::repeated::Repeated;
use kernel::runtime::retry::latest_end;
use kernel::runtime::span::{KeyValue, Span, SpanKind};
use tracing::Instrument;

use crate::domain::{
    self, ADDRESS_CHANGED, BuiltMessage, FailedAttempt, LINK_KINDS, LeasedMail, MailId, MailState, Recipient,
    UNKNOWN_OUTCOMES_MAX,
};
use crate::message::{self, BuildError, Headers};
use crate::notice;
use crate::password_link::{self, PasswordLink};
use crate::smtp::SendError;
use crate::statement;
use crate::transport::OutgoingMail;
use crate::{Email, Error, store};

/// Maximum number of mails in one batch. The mails of a batch are sent concurrently.
const BATCH_MAX: i64 = 8;

/// How much longer than the send timeout a lease lasts. This is the time to record the result.
const LEASE_MARGIN_MS: i64 = 60_000;

static NOT_SENT: Repeated = Repeated::new();

/// A leased mail and its message.
struct ReadyMail {
    mail: LeasedMail,
    message: BuiltMessage,
    /// The message was built in this batch and must be stored.
    is_new: bool,
}

/// The leased mails of one run of the job.
struct Batch {
    ready: Vec<ReadyMail>,
    /// The batch is full, so more mails may be due.
    is_full: bool,
}

impl Email {
    /// Delivers one batch of due mails. Concurrent calls are safe: a lease puts a mail into one
    /// batch at a time.
    ///
    /// # Errors
    /// The database fails.
    pub async fn deliver_due_mails(&self) -> Result<Outcome, Error> {
        self.record_accepted_mails().await?;
        let Batch { ready, is_full } = self.lease_due_mails().await?;
        let mut attempts: FuturesUnordered<_> =
            ready.iter().map(|ready| async move { (&ready.mail, self.send(ready).await) }).collect();
        // A result that cannot be recorded must not cancel the attempts that are still running.
        let mut recorded = Ok(());
        let mut is_refused = false;
        while let Some((mail, result)) = attempts.next().await {
            is_refused |= matches!(result, Err(SendError::Installation { .. }));
            let cause = cause_of(mail);
            let span = tracing::info_span!("mail", trace_id = cause.as_ref().map(TraceContext::trace_id));
            recorded = recorded.and(self.record(mail, result).instrument(span).await);
        }
        recorded?;
        // A server that refuses this installation refuses the next batch too.
        Ok(if is_full && !is_refused { Outcome::More } else { Outcome::Idle })
    }

    /// Leases due mails and builds the messages that were never built, in one transaction.
    async fn lease_due_mails(&self) -> Result<Batch, Error> {
        let mut tx = self.inner.write.begin().await?;
        let now = tx.now();
        let lease_until = self.lease_until(now);
        let latest = self.latest_attempt_at(now);
        let mails = store::lock_due_mails(&mut tx, now, lease_until, latest, BATCH_MAX).await?;
        let is_full = i64::try_from(mails.len()).is_ok_and(|count| count == BATCH_MAX);
        let (mut ready, mut failures) = (Vec::new(), Vec::new());
        for mail in mails {
            match self.make_ready(mail, now) {
                Ok(mail) => ready.push(mail),
                Err(failure) => failures.push(failure),
            }
        }
        let built: Vec<&BuiltMessage> = ready.iter().filter(|mail| mail.is_new).map(|mail| &mail.message).collect();
        store::update_messages(&mut tx, &built).await?;
        store::update_failed_mails(&mut tx, &failures).await?;
        tx.commit().await?;
        failures.iter().for_each(log_failure);
        Ok(Batch { ready, is_full })
    }

    fn lease(&self) -> Duration {
        let send_timeout_ms = i64::try_from(self.inner.settings.send_timeout_ms).unwrap_or_default();
        Duration::milliseconds(send_timeout_ms + LEASE_MARGIN_MS)
    }

    fn lease_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now.checked_add_signed(self.lease()).unwrap_or(now)
    }

    /// The latest next attempt that a lease or a pause can have set by `now`.
    fn latest_attempt_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let longest_pause_ms = i64::try_from(self.inner.settings.longest_pause_ms).unwrap_or_default();
        latest_end(now, self.lease().max(Duration::milliseconds(longest_pause_ms)))
    }

    /// Takes the stored message of a mail, or builds it.
    fn make_ready(&self, mut mail: LeasedMail, now: DateTime<Utc>) -> Result<ReadyMail, FailedAttempt> {
        if has_expired(&mail, now) {
            let reason = "the link of this mail has expired; ask for a new one".to_owned();
            return Err(self.failed_attempt(&mail, &SendError::Refused(reason), now));
        }
        if let Some(message) = mail.message.take() {
            return Ok(ReadyMail { mail, message, is_new: false });
        }
        let Some(recipient) = &mail.recipient else {
            // The event about the person may arrive later.
            let reason = format!("no address known for person {}", mail.person_id);
            return Err(self.failed_attempt(&mail, &SendError::Retry(reason), now));
        };
        match self.build_message(&mail, recipient, now) {
            Ok(bytes) => {
                let message = BuiltMessage { mail_id: mail.id, to_address: recipient.address.clone(), bytes };
                Ok(ReadyMail { mail, message, is_new: true })
            }
            Err(error) => Err(self.failed_attempt(&mail, &SendError::Refused(error.to_string()), now)),
        }
    }

    fn build_message(
        &self,
        mail: &LeasedMail,
        recipient: &Recipient,
        now: DateTime<Utc>,
    ) -> Result<Vec<u8>, BuildError> {
        let language = recipient.language.unwrap_or(self.inner.settings.language);
        let (name, public_url) = (&recipient.name, &self.inner.public_url);
        let (data, day) = (mail.data.get(), mail.business_day);
        let content = if mail.kind == ADDRESS_CHANGED {
            notice::render(&serde_json::from_str(data)?, day, name, language, public_url)?
        } else if LINK_KINDS.contains(&mail.kind.as_str()) {
            password_link::render(&serde_json::from_str(data)?, &mail.kind, name, language, public_url)?
        } else {
            statement::render(&serde_json::from_str(data)?, day, name, language, public_url)?
        };
        let headers = Headers {
            mail_id: mail.id,
            message_id: &mail.message_id,
            from: &self.inner.from,
            name,
            address: &recipient.address,
            date: now,
        };
        message::build(&headers, content)
    }

    async fn send(&self, ready: &ReadyMail) -> Result<(), SendError> {
        let ReadyMail { mail, message, .. } = ready;
        let file_name = domain::file_name(mail.business_day, mail.person_id, mail.id);
        let outgoing = OutgoingMail { file_name: &file_name, to_address: &message.to_address, message: &message.bytes };
        let mut span = cause_of(mail).map(|cause| Span::child(SpanKind::Client, cause, || describe(mail)));
        let sent = self.inner.sender.send(outgoing).await;
        if let Some(span) = span.as_mut().filter(|_| sent.is_err()) {
            span.fail();
        }
        sent
    }

    async fn record(&self, mail: &LeasedMail, result: Result<(), SendError>) -> Result<(), Error> {
        let Err(error) = result else {
            metrics::counter!("piecework_mails_sent_total").increment(1);
            tracing::info!(mail_id = %mail.id, person_id = %mail.person_id, attempts = mail.attempts, "mail sent");
            self.accepted().insert(mail.id);
            return self.record_accepted_mails().await;
        };
        let mut tx = self.inner.write.begin().await?;
        let now = tx.now();
        if let SendError::Installation { fault, .. } = &error {
            self.inner.outage.report(fault, now);
        }
        let failure = self.failed_attempt(mail, &error, now);
        store::update_failed_mails(&mut tx, std::slice::from_ref(&failure)).await?;
        tx.commit().await?;
        log_failure(&failure);
        Ok(())
    }

    /// Records the mails that the server has accepted. They stay in memory if the database fails.
    async fn record_accepted_mails(&self) -> Result<(), Error> {
        let accepted: Vec<MailId> = self.accepted().iter().copied().collect();
        if accepted.is_empty() {
            return Ok(());
        }
        let mut tx = self.inner.write.begin().await?;
        let now = tx.now();
        store::update_mails_to_sent(&mut tx, &accepted, now).await?;
        tx.commit().await?;
        self.inner.outage.end(now);
        let mut remaining = self.accepted();
        accepted.iter().for_each(|id| {
            remaining.remove(id);
        });
        Ok(())
    }

    fn accepted(&self) -> std::sync::MutexGuard<'_, HashSet<MailId>> {
        self.inner.accepted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to store after a failure: the time of the next attempt, or that the mail is parked.
    fn failed_attempt(&self, mail: &LeasedMail, error: &SendError, now: DateTime<Utc>) -> FailedAttempt {
        let settings = &self.inner.settings;
        let unknown_outcomes = mail.unknown_outcomes + i32::from(matches!(error, SendError::OutcomeUnknown(_)));
        let is_last = match error {
            SendError::Refused(_) => true,
            SendError::OutcomeUnknown(_) if unknown_outcomes >= UNKNOWN_OUTCOMES_MAX => true,
            _ => mail.attempts >= settings.max_attempts,
        };
        let text = match error {
            SendError::OutcomeUnknown(reason) => {
                format!("the mail was transmitted {unknown_outcomes} times, and may have been delivered: {reason}")
            }
            error => error.to_string(),
        };
        let (first_pause_ms, longest_pause_ms) = (settings.first_pause_ms, settings.longest_pause_ms);
        FailedAttempt {
            mail_id: mail.id,
            attempts: mail.attempts,
            unknown_outcomes,
            error: domain::error_text(&text),
            next_attempt_at: domain::next_attempt_at(first_pause_ms, longest_pause_ms, mail.attempts, now),
            state: if is_last { MailState::Parked } else { MailState::Queued },
            is_fault_of_installation: matches!(error, SendError::Installation { .. }),
        }
    }
}

/// The request that caused the mail.
fn cause_of(mail: &LeasedMail) -> Option<TraceContext> {
    mail.traceparent.as_deref().and_then(TraceContext::from_header)
}

/// The name and the attributes of the span of an attempt.
fn describe(mail: &LeasedMail) -> (String, Vec<KeyValue>) {
    let attributes = vec![
        KeyValue::new("piecework.mail.id", mail.id.to_string()),
        KeyValue::new("piecework.mail.kind", mail.kind.clone()),
        KeyValue::new("piecework.mail.attempts", i64::from(mail.attempts)),
    ];
    ("send mail".to_owned(), attributes)
}

/// Whether the mail has a link that is refused by now.
fn has_expired(mail: &LeasedMail, now: DateTime<Utc>) -> bool {
    let is_link = LINK_KINDS.contains(&mail.kind.as_str());
    is_link && serde_json::from_str::<PasswordLink>(mail.data.get()).is_ok_and(|link| link.expires_at <= now)
}

/// Logs a failure without the server's text, because servers repeat the address in it.
fn log_failure(failure: &FailedAttempt) {
    let (mail_id, attempts) = (failure.mail_id, failure.attempts);
    if failure.state == MailState::Parked {
        metrics::counter!("piecework_mails_parked_total").increment(1);
        tracing::error!(%mail_id, attempts, "mail parked: an admin must act; GET /admin/emails shows the reason");
    } else if failure.is_fault_of_installation {
        // The outage is logged, once for all mails.
        tracing::debug!(%mail_id, attempts, "mail not sent; it will be retried");
    } else if let Some(suppressed) = NOT_SENT.due("") {
        tracing::warn!(%mail_id, attempts, suppressed, "mail not sent; it will be retried");
    }
}
