//! The table `mails`: every mail that an event has asked for, and the state of its delivery.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::PersonId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{BuiltMessage, FailedAttempt, LINK_KINDS, Mail, MailFilter, MailId, MailState, NewMail};

struct MailRow {
    id: Uuid,
    kind: String,
    person_id: Uuid,
    person_name: Option<String>,
    business_day: NaiveDate,
    message_id: String,
    state: String,
    attempts: i32,
    next_attempt_at: DateTime<Utc>,
    last_error: Option<String>,
    to_address: Option<String>,
    created_at: DateTime<Utc>,
    sent_at: Option<DateTime<Utc>>,
    text_deleted_at: Option<DateTime<Utc>>,
}

impl From<MailRow> for Mail {
    fn from(row: MailRow) -> Self {
        Self {
            id: row.id.into(),
            kind: row.kind,
            person_id: row.person_id.into(),
            person_name: row.person_name,
            business_day: row.business_day,
            to_address: row.to_address,
            state: MailState::from_stored(&row.state),
            attempts: row.attempts,
            last_error: row.last_error,
            next_attempt_at: row.next_attempt_at,
            message_id: row.message_id,
            created_at: row.created_at,
            sent_at: row.sent_at,
            text_deleted_at: row.text_deleted_at,
        }
    }
}

/// Queues mails that are due at once. A mail that an earlier event, or an earlier delivery of this
/// event, has asked for is left out.
pub async fn insert_mails(
    connection: &mut PgConnection,
    mails: &[NewMail],
    now: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let ids: Vec<Uuid> = mails.iter().map(|mail| mail.id.uuid()).collect();
    let people: Vec<Uuid> = mails.iter().map(|mail| mail.person_id.uuid()).collect();
    let days: Vec<NaiveDate> = mails.iter().map(|mail| mail.business_day).collect();
    let events: Vec<Uuid> = mails.iter().map(|mail| mail.event_id.uuid()).collect();
    let message_ids: Vec<&str> = mails.iter().map(|mail| mail.message_id.as_str()).collect();
    let data: Vec<&str> = mails.iter().map(|mail| mail.data.as_str()).collect();
    let kinds: Vec<&str> = mails.iter().map(|mail| mail.kind).collect();
    let addresses: Vec<Option<&str>> = mails.iter().map(|mail| mail.recipient_address.as_deref()).collect();
    let traces: Vec<Option<&str>> = mails.iter().map(|mail| mail.traceparent.as_deref()).collect();
    // The order prevents a deadlock between two batches that insert the same mails.
    let inserted = sqlx::query!(
        "insert into email.mails
             (id, kind, person_id, business_day, event_id, message_id, data, recipient_address, traceparent, state,
              next_attempt_at, created_at)
         select id, kind, person_id, business_day, event_id, message_id, data::json, recipient_address, traceparent,
             'queued', $10, $10
         from unnest($1::uuid[], $2::uuid[], $3::date[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
                 $9::text[])
             as mail (id, person_id, business_day, event_id, message_id, data, kind, recipient_address, traceparent)
         order by business_day, person_id, message_id
         on conflict do nothing",
        &ids,
        &people,
        &days,
        &events,
        &message_ids as &[&str],
        &data as &[&str],
        &kinds as &[&str],
        &addresses as &[Option<&str>],
        &traces as &[Option<&str>],
        now
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected())
}

/// Stores built messages, so that every later attempt sends the same bytes.
pub async fn update_messages(connection: &mut PgConnection, messages: &[&BuiltMessage]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = messages.iter().map(|message| message.mail_id.uuid()).collect();
    let addresses: Vec<&str> = messages.iter().map(|message| message.to_address.as_str()).collect();
    let bytes: Vec<&[u8]> = messages.iter().map(|message| message.bytes.as_slice()).collect();
    sqlx::query!(
        "update email.mails as mail
         set to_address = built.to_address, message = built.message
         from unnest($1::uuid[], $2::text[], $3::bytea[]) as built (id, to_address, message)
         where mail.id = built.id",
        &ids,
        &addresses as &[&str],
        &bytes as &[&[u8]]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Marks mails as sent, even if another attempt of one is still running. The content and the
/// message of a mail with a one-time link are deleted, because the link is a secret.
pub async fn update_mails_to_sent(
    connection: &mut PgConnection,
    ids: &[MailId],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "update email.mails
         set state = 'sent', sent_at = $2, last_error = null,
             data = case when kind = any($3::text[]) then '{}' else data end,
             message = case when kind = any($3::text[]) then null else message end
         where id = any($1::uuid[])",
        &ids,
        now,
        &LINK_KINDS as &[&str]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Records failed attempts. A mail whose later attempt has begun or succeeded is left as it is.
pub async fn update_failed_mails(connection: &mut PgConnection, failures: &[FailedAttempt]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = failures.iter().map(|failure| failure.mail_id.uuid()).collect();
    let attempts: Vec<i32> = failures.iter().map(|failure| failure.attempts).collect();
    let unknown_outcomes: Vec<i32> = failures.iter().map(|failure| failure.unknown_outcomes).collect();
    let errors: Vec<&str> = failures.iter().map(|failure| failure.error.as_str()).collect();
    let times: Vec<DateTime<Utc>> = failures.iter().map(|failure| failure.next_attempt_at).collect();
    let states: Vec<&str> = failures.iter().map(|failure| failure.state.as_str()).collect();
    sqlx::query!(
        "update email.mails as mail
         set state = failure.state, last_error = failure.reason, next_attempt_at = failure.next_attempt_at,
             unknown_outcomes = failure.unknown_outcomes
         from unnest($1::uuid[], $2::integer[], $3::text[], $4::timestamptz[], $5::text[], $6::integer[])
             as failure (id, attempts, reason, next_attempt_at, state, unknown_outcomes)
         where mail.id = failure.id and mail.attempts = failure.attempts and mail.state = 'queued'",
        &ids,
        &attempts,
        &errors as &[&str],
        &times,
        &states as &[&str],
        &unknown_outcomes
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives a mail that is not queued a new set of attempts. Its message is deleted, so that it is
/// built again for the person's current address. `None` if the mail is queued or does not exist, if
/// it had a link and was sent, or if its text was deleted.
pub async fn update_mail_to_queued(
    connection: &mut PgConnection,
    id: MailId,
    now: DateTime<Utc>,
) -> Result<Option<Mail>, sqlx::Error> {
    let row = sqlx::query_as!(
        MailRow,
        r#"update email.mails
         set state = 'queued', attempts = 0, unknown_outcomes = 0, next_attempt_at = $2, last_error = null,
             to_address = null, message = null
         where id = $1 and state <> 'queued' and not (state = 'sent' and kind = any($3::text[]))
             and text_deleted_at is null
         returning id, kind, person_id, business_day, message_id, state, attempts, next_attempt_at, last_error, to_address,
             created_at, sent_at, text_deleted_at,
             (select name from email.people where person_id = email.mails.person_id) as "person_name?""#,
        id.uuid(),
        now,
        &LINK_KINDS as &[&str]
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Mail::from))
}

/// Gives every parked mail a new set of attempts, as `update_mail_to_queued` does. Returns their
/// number.
pub async fn update_parked_mails_to_queued(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let updated = sqlx::query!(
        "update email.mails
         set state = 'queued', attempts = 0, unknown_outcomes = 0, next_attempt_at = $1, last_error = null,
             to_address = null, message = null
         where state = 'parked'",
        now
    )
    .execute(connection)
    .await?;
    Ok(updated.rows_affected())
}

/// The state and the kind of the mail.
pub async fn load_mail_state_and_kind(
    connection: &mut PgConnection,
    id: MailId,
) -> Result<Option<(MailState, String)>, sqlx::Error> {
    let row = sqlx::query!("select state, kind from email.mails where id = $1", id.uuid());
    Ok(row.fetch_optional(connection).await?.map(|row| (MailState::from_stored(&row.state), row.kind)))
}

/// Deletes the content and the message of up to `limit` mails that were sent before `sent_before`,
/// those that were sent first. Returns the day, the recipient and the id of each.
pub async fn update_texts_to_deleted(
    connection: &mut PgConnection,
    sent_before: DateTime<Utc>,
    now: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<(NaiveDate, PersonId, MailId)>, sqlx::Error> {
    let rows = sqlx::query!(
        "update email.mails
         set data = '{}', message = null, text_deleted_at = $2
         where id = any(array(
             select id
             from email.mails
             where state = 'sent' and text_deleted_at is null and sent_at < $1
             order by sent_at
             limit $3
             for update skip locked
         ))
         returning business_day, person_id, id",
        sent_before,
        now,
        i64::try_from(limit).unwrap_or(i64::MAX)
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.business_day, row.person_id.into(), row.id.into())).collect())
}

/// Mails of all people that are older than `before`, newest first.
pub async fn list_mails(
    connection: &mut PgConnection,
    filter: &MailFilter,
    before: Option<MailId>,
    limit: i64,
) -> Result<Vec<Mail>, sqlx::Error> {
    let rows = sqlx::query_as!(
        MailRow,
        r#"select id, kind, person_id, business_day, message_id, state, attempts, next_attempt_at, last_error, to_address,
             created_at, sent_at, text_deleted_at,
             (select name from email.people where person_id = mail.person_id) as "person_name?"
         from email.mails as mail
         where ($1::text is null or state = $1) and ($2::text is null or kind = $2) and ($3::uuid is null or id < $3)
         order by id desc
         limit $4"#,
        filter.status.map(MailState::as_str),
        filter.kind,
        before.map(MailId::uuid),
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Mail::from).collect())
}

/// Mails to the person that are older than `before`, newest first.
pub async fn list_mails_of_person(
    connection: &mut PgConnection,
    person_id: PersonId,
    filter: &MailFilter,
    before: Option<MailId>,
    limit: i64,
) -> Result<Vec<Mail>, sqlx::Error> {
    let rows = sqlx::query_as!(
        MailRow,
        r#"select id, kind, person_id, business_day, message_id, state, attempts, next_attempt_at, last_error, to_address,
             created_at, sent_at, text_deleted_at,
             (select name from email.people where person_id = mail.person_id) as "person_name?"
         from email.mails as mail
         where ($1::text is null or state = $1) and ($2::text is null or kind = $2) and ($3::uuid is null or id < $3)
             and person_id = $4
         order by id desc
         limit $5"#,
        filter.status.map(MailState::as_str),
        filter.kind,
        before.map(MailId::uuid),
        person_id.uuid(),
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Mail::from).collect())
}

/// Returns the number of the mails in one state, up to `max`.
pub async fn count_mails(connection: &mut PgConnection, state: MailState, max: i64) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from (select from email.mails where state = $1 order by id limit $2) as counted"#,
        state.as_str(),
        max
    )
    .fetch_one(connection)
    .await
}

/// Returns when the oldest queued mail was created. `None` if no mail is queued.
pub async fn load_oldest_queued_mail(connection: &mut PgConnection) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar!("select created_at from email.mails where state = 'queued' order by id limit 1")
        .fetch_optional(connection)
        .await
}
