//! All SQL of the schema `email`.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::events::identity::PersonState;
use contracts::{EventId, PersonId};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::{MailId, MailState, PAYOUT_STATEMENT, PayoutStatement};

/// A mail that an event asks for.
pub(crate) struct NewMail {
    pub id: MailId,
    pub person_id: PersonId,
    pub business_day: NaiveDate,
    pub event_id: EventId,
    pub message_id: String,
    /// A `PayoutStatement` as JSON.
    pub data: String,
}

/// A mail that was taken for one try; nobody else takes it until its lease ends.
pub(crate) struct TakenMail {
    pub id: Uuid,
    pub person_id: Uuid,
    pub business_day: NaiveDate,
    pub message_id: String,
    /// This try counted.
    pub attempts: i32,
    pub data: Json<PayoutStatement>,
    pub to_address: Option<String>,
    pub message: Option<Vec<u8>>,
    pub name: Option<String>,
    pub email: Option<String>,
    pub language: Option<String>,
}

/// A message built at a mail's first try.
pub(crate) struct BuiltMessage {
    pub id: Uuid,
    pub to_address: String,
    pub message: Vec<u8>,
}

/// A try that failed.
pub(crate) struct Failure {
    pub id: Uuid,
    pub attempts: i32,
    pub reason: String,
    pub next_attempt_at: DateTime<Utc>,
    pub state: MailState,
}

/// A mail as admins see it.
pub(crate) struct MailRow {
    pub id: Uuid,
    pub kind: String,
    pub person_id: Uuid,
    pub business_day: NaiveDate,
    pub message_id: String,
    pub state: String,
    pub attempts: i32,
    pub next_attempt_at: DateTime<Utc>,
    pub last_error: Option<String>,
    pub to_address: Option<String>,
    pub created_at: DateTime<Utc>,
    pub sent_at: Option<DateTime<Utc>>,
}

/// Keeps the newest state of each person; what is older than what is known is left out.
pub(crate) async fn upsert_people(connection: &mut PgConnection, people: &[PersonState]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = people.iter().map(|person| person.person_id.uuid()).collect();
    let versions: Vec<i64> = people.iter().map(|person| person.version).collect();
    let names: Vec<String> = people.iter().map(|person| person.name.clone()).collect();
    let emails: Vec<String> = people.iter().map(|person| person.email.clone()).collect();
    let languages: Vec<Option<String>> = people.iter().map(|person| person.language.clone()).collect();
    sqlx::query!(
        "insert into email.people as known (person_id, version, name, email, language)
         select distinct on (person_id) person_id, version, name, email, language
         from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[])
             as person (person_id, version, name, email, language)
         order by person_id, version desc
         on conflict (person_id) do update
         set version = excluded.version,
             name = excluded.name,
             email = excluded.email,
             language = excluded.language
         where known.version < excluded.version",
        &ids,
        &versions,
        &names,
        &emails,
        &languages as &[Option<String>]
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Queues mails, due at once. What was asked for before, by this event or by another one for the same day, is left out.
pub(crate) async fn insert_mails(
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
    // Ordered, so that two batches which hold the same mails wait for one another instead of locking crosswise.
    let inserted = sqlx::query!(
        "insert into email.mails
             (id, kind, person_id, business_day, event_id, message_id, data, state, next_attempt_at, created_at)
         select id, $7, person_id, business_day, event_id, message_id, data::json, 'queued', $8, $8
         from unnest($1::uuid[], $2::uuid[], $3::date[], $4::uuid[], $5::text[], $6::text[])
             as mail (id, person_id, business_day, event_id, message_id, data)
         order by business_day, person_id
         on conflict do nothing",
        &ids,
        &people,
        &days,
        &events,
        &message_ids as &[&str],
        &data as &[&str],
        PAYOUT_STATEMENT,
        now
    )
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected())
}

/// Takes up to `limit` due mails until `lease_until`, the longest waiting first.
pub(crate) async fn take_due_mails(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<TakenMail>, sqlx::Error> {
    sqlx::query_as!(
        TakenMail,
        r#"with due as materialized (
             select id, person_id
             from email.mails
             where state = 'queued' and next_attempt_at <= $1
             order by next_attempt_at, id
             limit $3
             for update skip locked
         )
         update email.mails as mail
         set attempts = mail.attempts + 1, next_attempt_at = $2
         from due
         left join email.people as person on person.person_id = due.person_id
         where mail.id = due.id
         returning mail.id, mail.person_id, mail.business_day, mail.message_id, mail.attempts,
             mail.data as "data: Json<PayoutStatement>", mail.to_address, mail.message,
             person.name as "name?", person.email as "email?", person.language as "language?""#,
        now,
        lease_until,
        limit
    )
    .fetch_all(connection)
    .await
}

/// Keeps built messages for every further try.
pub(crate) async fn update_messages(connection: &mut PgConnection, built: &[BuiltMessage]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = built.iter().map(|built| built.id).collect();
    let addresses: Vec<String> = built.iter().map(|built| built.to_address.clone()).collect();
    let messages: Vec<Vec<u8>> = built.iter().map(|built| built.message.clone()).collect();
    sqlx::query!(
        "update email.mails as mail
         set to_address = built.to_address, message = built.message
         from unnest($1::uuid[], $2::text[], $3::bytea[]) as built (id, to_address, message)
         where mail.id = built.id",
        &ids,
        &addresses,
        &messages
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Records that a mail went out; this holds whatever another try that was still under way says.
pub(crate) async fn mark_sent(connection: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update email.mails
         set state = 'sent', sent_at = $2, last_error = null
         where id = $1",
        id,
        now
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Records failed tries, unless a later try has begun or succeeded meanwhile.
pub(crate) async fn mark_failed(connection: &mut PgConnection, failures: &[Failure]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = failures.iter().map(|failure| failure.id).collect();
    let attempts: Vec<i32> = failures.iter().map(|failure| failure.attempts).collect();
    let reasons: Vec<String> = failures.iter().map(|failure| failure.reason.clone()).collect();
    let times: Vec<DateTime<Utc>> = failures.iter().map(|failure| failure.next_attempt_at).collect();
    let states: Vec<String> = failures.iter().map(|failure| failure.state.as_str().to_owned()).collect();
    sqlx::query!(
        "update email.mails as mail
         set state = failure.state, last_error = failure.reason, next_attempt_at = failure.next_attempt_at
         from unnest($1::uuid[], $2::integer[], $3::text[], $4::timestamptz[], $5::text[])
             as failure (id, attempts, reason, next_attempt_at, state)
         where mail.id = failure.id and mail.attempts = failure.attempts and mail.state = 'queued'",
        &ids,
        &attempts,
        &reasons,
        &times,
        &states
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives a mail that is not queued a new set of tries. It is built anew: the address may have been mended since.
pub(crate) async fn requeue_mail(
    connection: &mut PgConnection,
    id: MailId,
    now: DateTime<Utc>,
) -> Result<Option<MailRow>, sqlx::Error> {
    sqlx::query_as!(
        MailRow,
        "update email.mails
         set state = 'queued', attempts = 0, next_attempt_at = $2, last_error = null, to_address = null, message = null
         where id = $1 and state <> 'queued'
         returning id, kind, person_id, business_day, message_id, state, attempts, next_attempt_at, last_error, to_address,
             created_at, sent_at",
        id.uuid(),
        now
    )
    .fetch_optional(connection)
    .await
}

/// Whether there is such a mail, in any state.
pub(crate) async fn mail_exists(connection: &mut PgConnection, id: MailId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"select exists (select from email.mails where id = $1) as "exists!""#, id.uuid())
        .fetch_one(connection)
        .await
}

/// Mails before `before`, newest first, of one state or of all.
pub(crate) async fn select_mails(
    connection: &mut PgConnection,
    state: Option<MailState>,
    before: Option<MailId>,
    rows: i64,
) -> Result<Vec<MailRow>, sqlx::Error> {
    sqlx::query_as!(
        MailRow,
        "select id, kind, person_id, business_day, message_id, state, attempts, next_attempt_at, last_error, to_address,
             created_at, sent_at
         from email.mails
         where ($1::text is null or state = $1) and ($2::uuid is null or id < $2)
         order by id desc
         limit $3",
        state.map(MailState::as_str),
        before.map(MailId::uuid),
        rows
    )
    .fetch_all(connection)
    .await
}

/// How many payout statements each day has, in any state, and a digest of to whom.
pub(crate) async fn count_statements(
    connection: &mut PgConnection,
) -> Result<Vec<(NaiveDate, (i64, String))>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            business_day,
            count(*) as "mails!",
            md5(string_agg(person_id::text, ',' order by person_id)) as "people!"
        from email.mails
        where kind = $1
        group by business_day
        "#,
        PAYOUT_STATEMENT
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.business_day, (row.mails, row.people))).collect())
}
