//! The table `mails`: what is due is leased to one process.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::value::RawValue;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::{BuiltMessage, Language, LeasedMail, MailId, Recipient};

struct LeasedMailRow {
    id: Uuid,
    person_id: Uuid,
    business_day: NaiveDate,
    message_id: String,
    traceparent: Option<String>,
    attempts: i32,
    unknown_outcomes: i32,
    kind: String,
    data: Json<Box<RawValue>>,
    to_address: Option<String>,
    message: Option<Vec<u8>>,
    name: Option<String>,
    email: Option<String>,
    language: Option<String>,
}

impl From<LeasedMailRow> for LeasedMail {
    fn from(row: LeasedMailRow) -> Self {
        let id = MailId::from(row.id);
        let message = row.to_address.zip(row.message);
        let language = row.language.as_deref().and_then(Language::from_code);
        let recipient = row.name.zip(row.email);
        Self {
            id,
            person_id: row.person_id.into(),
            business_day: row.business_day,
            message_id: row.message_id,
            traceparent: row.traceparent,
            attempts: row.attempts,
            unknown_outcomes: row.unknown_outcomes,
            kind: row.kind,
            data: row.data.0,
            message: message.map(|(to_address, bytes)| BuiltMessage { mail_id: id, to_address, bytes }),
            recipient: recipient.map(|(name, address)| Recipient { name, address, language }),
        }
    }
}

/// Leases up to `limit` due mails until `lease_until`, those that have been due longest first, and
/// counts the attempt. A mail whose next attempt is later than `latest_attempt_at` is due, too.
pub async fn lock_due_mails(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    latest_attempt_at: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<LeasedMail>, sqlx::Error> {
    let rows = sqlx::query_as!(
        LeasedMailRow,
        r#"with due_mails as materialized (
             select id, person_id
             from email.mails
             where state = 'queued' and next_attempt_at <= $1
             order by next_attempt_at, id
             limit $3
             for update skip locked
         ),
         mails_too_far_ahead as materialized (
             select id, person_id
             from email.mails
             where state = 'queued' and next_attempt_at > $4
             order by next_attempt_at, id
             limit $3
             for update skip locked
         ),
         all_due_mails as (
             select id, person_id from due_mails
             union all
             select id, person_id from mails_too_far_ahead
             limit $3
         )
         update email.mails as mail
         set attempts = mail.attempts + 1, next_attempt_at = $2
         from all_due_mails as due_mails
         left join email.people as person on person.person_id = due_mails.person_id
         where mail.id = due_mails.id
         returning mail.id, mail.person_id, mail.business_day, mail.message_id, mail.traceparent, mail.attempts,
             mail.unknown_outcomes, mail.kind, mail.data as "data: Json<Box<RawValue>>", mail.to_address, mail.message,
             person.name as "name?", coalesce(mail.recipient_address, person.email) as "email?",
             person.language as "language?""#,
        now,
        lease_until,
        limit,
        latest_attempt_at
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(LeasedMail::from).collect())
}
