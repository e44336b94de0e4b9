//! The table `audit_records`: the audit trail. Rows are only added.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use contracts::events::audit::AuditRecorded;
use contracts::{Actor, EventId};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::{AuditFilter, AuditRecord};

/// How much later than its occurrence a record may be published.
const PUBLISHED_WITHIN: Duration = Duration::hours(1);

struct AuditRow {
    event_id: Uuid,
    occurred_at: DateTime<Utc>,
    action: String,
    actor: String,
    operating_system_user: Option<String>,
    address: Option<String>,
    subject: Option<String>,
    details: Json<BTreeMap<String, String>>,
    request_id: Option<String>,
}

impl TryFrom<AuditRow> for AuditRecord {
    type Error = sqlx::Error;

    fn try_from(row: AuditRow) -> Result<Self, sqlx::Error> {
        let decode = |error: Box<dyn std::error::Error + Send + Sync>| sqlx::Error::Decode(error);
        let actor = match (row.actor.as_str(), row.operating_system_user) {
            ("anonymous", _) => Actor::Anonymous,
            ("system", _) => Actor::System,
            (_, Some(user)) => Actor::CommandLine { user },
            (id, None) => Actor::Person { person_id: id.parse().map_err(|error: uuid::Error| decode(error.into()))? },
        };
        let address = row.address.map(|text| text.parse()).transpose();
        Ok(Self {
            event_id: EventId::from(row.event_id),
            recorded: AuditRecorded {
                occurred_at: row.occurred_at,
                action: row.action,
                actor,
                address: address.map_err(|error: std::net::AddrParseError| decode(error.into()))?,
                subject: row.subject,
                details: row.details.0,
                request_id: row.request_id,
            },
        })
    }
}

/// The text of an actor by which records are found.
fn actor_key(actor: &Actor) -> String {
    match actor {
        Actor::Person { person_id } => person_id.to_string(),
        Actor::CommandLine { .. } => "command_line".to_owned(),
        Actor::Anonymous => "anonymous".to_owned(),
        Actor::System => "system".to_owned(),
    }
}

/// Adds records. A record that exists is not added again.
pub async fn insert_audit_records(connection: &mut PgConnection, records: &[AuditRecord]) -> Result<(), sqlx::Error> {
    let facts = || records.iter().map(|record| &record.recorded);
    let ids: Vec<Uuid> = records.iter().map(|record| record.event_id.uuid()).collect();
    let times: Vec<DateTime<Utc>> = facts().map(|fact| fact.occurred_at).collect();
    let actions: Vec<String> = facts().map(|fact| fact.action.clone()).collect();
    let actors: Vec<String> = facts().map(|fact| actor_key(&fact.actor)).collect();
    let user = |fact: &AuditRecorded| match &fact.actor {
        Actor::CommandLine { user } => Some(user.clone()),
        _ => None,
    };
    let users: Vec<Option<String>> = facts().map(user).collect();
    let addresses: Vec<Option<String>> = facts().map(|fact| fact.address.map(|address| address.to_string())).collect();
    let subjects: Vec<Option<String>> = facts().map(|fact| fact.subject.clone()).collect();
    let details: Vec<serde_json::Value> = facts().map(|fact| serde_json::json!(fact.details)).collect();
    let request_ids: Vec<Option<String>> = facts().map(|fact| fact.request_id.clone()).collect();
    sqlx::query!(
        "insert into identity.audit_records
             (event_id, occurred_at, action, actor, operating_system_user, address, subject, details, request_id)
         select event_id, occurred_at, action, actor, operating_system_user, address, subject, details, request_id
         from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
             $8::jsonb[], $9::text[])
             as input (event_id, occurred_at, action, actor, operating_system_user, address, subject, details, request_id)
         on conflict (event_id) do nothing",
        &ids,
        &times,
        &actions,
        &actors,
        &users as &[Option<String>],
        &addresses as &[Option<String>],
        &subjects as &[Option<String>],
        &details,
        &request_ids as &[Option<String>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Up to `limit` records before the record `before`, the newest first.
pub async fn list_audit_records(
    connection: &mut PgConnection,
    filter: &AuditFilter,
    before: Option<EventId>,
    limit: i64,
) -> Result<Vec<AuditRecord>, sqlx::Error> {
    // An id contains the time at which it was made, so the ids bound the part of an index to read.
    let after = filter.occurred_from.map_or(Uuid::nil(), first_id_at);
    let end = filter.occurred_before.map_or(Uuid::max(), |time| first_id_at(time + PUBLISHED_WITHIN));
    let rows = sqlx::query_as!(
        AuditRow,
        r#"select event_id, occurred_at, action, actor, operating_system_user, address, subject,
               details as "details: Json<BTreeMap<String, String>>", request_id
         from identity.audit_records
         where event_id >= $1
           and event_id < $2
           and ($3::text is null or actor = $3)
           and ($4::text is null or action = $4)
           and ($5::text is null or subject = $5)
           and ($6::text is null or address = $6)
           and ($7::timestamptz is null or occurred_at >= $7)
           and ($8::timestamptz is null or occurred_at < $8)
         order by event_id desc
         limit $9"#,
        after,
        before.map_or(end, |before| before.uuid().min(end)),
        filter.actor,
        filter.action,
        filter.subject,
        filter.address.map(|address| address.to_string()),
        filter.occurred_from,
        filter.occurred_before,
        limit
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(AuditRecord::try_from).collect()
}

/// The lowest UUIDv7 that can be made at this moment or later.
fn first_id_at(time: DateTime<Utc>) -> Uuid {
    let millis = u128::try_from(time.timestamp_millis()).unwrap_or_default();
    Uuid::from_u128(millis << 80)
}
