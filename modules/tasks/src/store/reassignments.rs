//! The table `tasks.reassignments`: the runs and their progress.

use chrono::{DateTime, Utc};
use contracts::{PersonId, ReassignmentId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::{NewReassignment, Reassignment, ReassignmentStatus};

/// The key of the run lock, an advisory lock. The process that executes a chunk holds it.
const RUN_LOCK: i64 = 0x7A5C_0002;

struct ReassignmentRow {
    reassignment_id: Uuid,
    asked_order: i64,
    person_id: Option<Uuid>,
    person_name: Option<String>,
    requested_by: Option<Uuid>,
    requested_by_name: Option<String>,
    requested_at: DateTime<Utc>,
    status: String,
    total: i64,
    done: i64,
    reassigned: i64,
    cost_minor: i64,
    resume_after: i64,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    last_error: Option<String>,
    traceparent: Option<String>,
}

impl TryFrom<ReassignmentRow> for Reassignment {
    type Error = sqlx::Error;

    fn try_from(row: ReassignmentRow) -> Result<Self, sqlx::Error> {
        let unknown = || sqlx::Error::Decode(format!("unknown status {:?} of a reassignment", row.status).into());
        Ok(Self {
            status: ReassignmentStatus::parse(&row.status).ok_or_else(unknown)?,
            reassignment_id: row.reassignment_id.into(),
            asked_order: row.asked_order,
            person_id: row.person_id.map(PersonId::from),
            person_name: row.person_name,
            requested_by: row.requested_by.map(PersonId::from),
            requested_by_name: row.requested_by_name,
            requested_at: row.requested_at,
            total: row.total,
            done: row.done,
            reassigned: row.reassigned,
            cost_minor: row.cost_minor,
            resume_after: row.resume_after,
            started_at: row.started_at,
            finished_at: row.finished_at,
            last_error: row.last_error,
            traceparent: row.traceparent,
        })
    }
}

/// Takes the run lock until the transaction ends. Returns false if another transaction holds it.
pub async fn lock_runs(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "locked!""#, RUN_LOCK).fetch_one(connection).await
}

/// Inserts a run.
pub async fn insert_reassignment(connection: &mut PgConnection, run: &NewReassignment) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into tasks.reassignments
            (reassignment_id, person_id, requested_by, requested_at, status, total, traceparent)
        values ($1, $2, $3, $4, 'queued', $5, $6)
        ",
        run.reassignment_id.uuid(),
        run.person_id.map(PersonId::uuid),
        run.requested_by.map(PersonId::uuid),
        run.requested_at,
        run.total,
        run.traceparent,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// One run.
pub async fn load_reassignment(
    connection: &mut PgConnection,
    id: ReassignmentId,
) -> Result<Option<Reassignment>, sqlx::Error> {
    let row = sqlx::query_as!(
        ReassignmentRow,
        r#"
        select reassignment_id, asked_order, person_id, requested_by, requested_at, status, total, done, reassigned,
            cost_minor, resume_after, started_at, finished_at, last_error, traceparent,
            (select name from tasks.people where person_id = run.person_id) as "person_name?",
            (select name from tasks.people where person_id = run.requested_by) as "requested_by_name?"
        from tasks.reassignments as run
        where reassignment_id = $1
        "#,
        id.uuid(),
    )
    .fetch_optional(connection)
    .await?;
    row.map(Reassignment::try_from).transpose()
}

/// Runs that were requested before the run `before`, newest first, of one status or of any.
pub async fn list_reassignments(
    connection: &mut PgConnection,
    status: Option<ReassignmentStatus>,
    before: i64,
    limit: i64,
) -> Result<Vec<Reassignment>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ReassignmentRow,
        r#"
        select reassignment_id, asked_order, person_id, requested_by, requested_at, status, total, done, reassigned,
            cost_minor, resume_after, started_at, finished_at, last_error, traceparent,
            (select name from tasks.people where person_id = run.person_id) as "person_name?",
            (select name from tasks.people where person_id = run.requested_by) as "requested_by_name?"
        from tasks.reassignments as run
        where asked_order < $1
            and ($2::text is null or status = $2)
        order by asked_order desc
        limit $3
        "#,
        before,
        status.map(ReassignmentStatus::as_str),
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Reassignment::try_from).collect()
}

/// The first unfinished run.
pub async fn load_next_reassignment(connection: &mut PgConnection) -> Result<Option<Reassignment>, sqlx::Error> {
    let row = sqlx::query_as!(
        ReassignmentRow,
        r#"
        select reassignment_id, asked_order, person_id, requested_by, requested_at, status, total, done, reassigned,
            cost_minor, resume_after, started_at, finished_at, last_error, traceparent,
            (select name from tasks.people where person_id = run.person_id) as "person_name?",
            (select name from tasks.people where person_id = run.requested_by) as "requested_by_name?"
        from tasks.reassignments as run
        where status in ('queued', 'running', 'blocked')
        order by asked_order
        limit 1
        "#,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Reassignment::try_from).transpose()
}

/// The number of unfinished runs that the person has requested.
pub async fn count_unfinished_reassignments(
    connection: &mut PgConnection,
    requested_by: PersonId,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from tasks.reassignments
        where status in ('queued', 'running', 'blocked')
          and requested_by = $1
        "#,
        requested_by.uuid(),
    )
    .fetch_one(connection)
    .await
}

/// Stores the progress of a run.
pub async fn update_reassignment(connection: &mut PgConnection, run: &Reassignment) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        update tasks.reassignments
        set status = $2,
            done = $3,
            reassigned = $4,
            resume_after = $5,
            started_at = $6,
            finished_at = $7,
            last_error = $8,
            cost_minor = $9
        where reassignment_id = $1
        ",
        run.reassignment_id.uuid(),
        run.status.as_str(),
        run.done,
        run.reassigned,
        run.resume_after,
        run.started_at,
        run.finished_at,
        run.last_error,
        run.cost_minor,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores with the first unfinished run why its last chunk failed.
pub async fn update_last_error(connection: &mut PgConnection, reason: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        update tasks.reassignments
        set last_error = $1
        where asked_order = (
            select min(asked_order)
            from tasks.reassignments
            where status in ('queued', 'running', 'blocked')
        )
        ",
        reason,
    )
    .execute(connection)
    .await?;
    Ok(())
}
