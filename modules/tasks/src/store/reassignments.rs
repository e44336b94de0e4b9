//! Runs that draw open tasks anew, chunk by chunk.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

/// Held by the one process that works on the runs at this moment.
const RUN_LOCK: i64 = 0x7A5C_0002;

/// A run as it is shown and worked on.
#[derive(Debug, Clone, PartialEq)]
pub struct ReassignmentRow {
    pub reassignment_id: Uuid,
    pub asked_order: i64,
    /// Only the tasks of this person; `None`: all.
    pub person_id: Option<Uuid>,
    pub requested_by: Option<Uuid>,
    pub requested_at: DateTime<Utc>,
    /// `queued`, `running`, `blocked`, `completed` or `failed`.
    pub status: String,
    pub total: i64,
    pub done: i64,
    pub reassigned: i64,
    pub resume_after: i64,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    /// Why it did not go on at the last try.
    pub last_error: Option<String>,
}

/// An open task that a chunk will draw.
pub struct OpenTask {
    pub number: i64,
    pub task_id: Uuid,
    pub assignment: i32,
}

/// What a preview says.
pub struct PreviewRow {
    pub open_tasks: i64,
    pub unpriced_tasks: i64,
    pub cost_minor: i64,
}

/// Takes the right to work on runs until the transaction ends; false if another process has it.
pub async fn try_lock_runs(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "locked!""#, RUN_LOCK).fetch_one(connection).await
}

pub async fn count_open_tasks(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from tasks.open_tasks"#).fetch_one(connection).await
}

pub async fn insert_reassignment(
    connection: &mut PgConnection,
    reassignment_id: Uuid,
    person_id: Option<Uuid>,
    requested_by: Option<Uuid>,
    total: i64,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into tasks.reassignments (reassignment_id, person_id, requested_by, requested_at, status, total)
        values ($1, $2, $3, $4, 'queued', $5)
        ",
        reassignment_id,
        person_id,
        requested_by,
        now,
        total,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn load_reassignment(
    connection: &mut PgConnection,
    id: Uuid,
) -> Result<Option<ReassignmentRow>, sqlx::Error> {
    sqlx::query_as!(
        ReassignmentRow,
        "
        select reassignment_id, asked_order, person_id, requested_by, requested_at, status, total, done, reassigned,
            resume_after, started_at, finished_at, last_error
        from tasks.reassignments
        where reassignment_id = $1
        ",
        id,
    )
    .fetch_optional(connection)
    .await
}

/// Runs asked for before `before`, newest first.
pub async fn list_reassignments(
    connection: &mut PgConnection,
    before: i64,
    limit: i64,
) -> Result<Vec<ReassignmentRow>, sqlx::Error> {
    sqlx::query_as!(
        ReassignmentRow,
        "
        select reassignment_id, asked_order, person_id, requested_by, requested_at, status, total, done, reassigned,
            resume_after, started_at, finished_at, last_error
        from tasks.reassignments
        where asked_order < $1
        order by asked_order desc
        limit $2
        ",
        before,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// The run whose turn it is.
pub async fn load_next_reassignment(connection: &mut PgConnection) -> Result<Option<ReassignmentRow>, sqlx::Error> {
    sqlx::query_as!(
        ReassignmentRow,
        "
        select reassignment_id, asked_order, person_id, requested_by, requested_at, status, total, done, reassigned,
            resume_after, started_at, finished_at, last_error
        from tasks.reassignments
        where status in ('queued', 'running', 'blocked')
        order by asked_order
        limit 1
        ",
    )
    .fetch_optional(connection)
    .await
}

/// Locks the next open tasks that the run covers, in number order, waiting for whoever holds one; none: there is none left.
pub async fn lock_next_open_tasks(
    connection: &mut PgConnection,
    run: &ReassignmentRow,
    limit: i64,
) -> Result<Vec<OpenTask>, sqlx::Error> {
    match run.person_id {
        None => {
            sqlx::query_as!(
                OpenTask,
                "
                select open.number, task.task_id, open.assignment
                from tasks.open_tasks as open
                join tasks.tasks as task on task.number = open.number
                where open.number > $1
                    and open.number < $2
                order by open.number
                limit $3
                for update of open
                ",
                run.resume_after,
                run.asked_order,
                limit,
            )
            .fetch_all(connection)
            .await
        }
        Some(person_id) => {
            sqlx::query_as!(
                OpenTask,
                "
                select open.number, task.task_id, open.assignment
                from tasks.open_tasks as open
                join tasks.tasks as task on task.number = open.number
                where open.assignee_id = $4
                    and open.number > $1
                    and open.number < $2
                order by open.number
                limit $3
                for update of open
                ",
                run.resume_after,
                run.asked_order,
                limit,
                person_id,
            )
            .fetch_all(connection)
            .await
        }
    }
}

/// The number of the last task, completion or run, whoever asked for it.
pub async fn load_last_order(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!("select last_value from tasks.event_order").fetch_one(connection).await
}

/// Whether the run still covers an open task, whoever holds a lock on it.
pub async fn has_open_tasks(connection: &mut PgConnection, run: &ReassignmentRow) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select
            from tasks.open_tasks
            where number > $1
                and number < $2
                and ($3::uuid is null or assignee_id = $3)
        ) as "exists!"
        "#,
        run.resume_after,
        run.asked_order,
        run.person_id,
    )
    .fetch_one(connection)
    .await
}

/// Gives the tasks their new assignees and records the draws.
pub async fn reassign_tasks(
    connection: &mut PgConnection,
    run: &ReassignmentRow,
    numbers: &[i64],
    assignee_ids: &[Uuid],
    pool_id: i64,
    seed: i64,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        with moved as (
            update tasks.open_tasks as open
            set assignee_id = drawn.assignee_id,
                assignment = open.assignment + 1
            from unnest($1::bigint[], $2::uuid[]) with ordinality as drawn (number, assignee_id, place)
            where open.number = drawn.number
            returning open.number, open.assignment, open.assignee_id, drawn.place
        )
        insert into tasks.assignments
            (number, assignment, assignee_id, assigned_at, pool_id, seed, draw_index, reassignment_id)
        select number, assignment, assignee_id, $3, $4, $5, (place - 1)::integer, $6
        from moved
        ",
        numbers,
        assignee_ids,
        now,
        pool_id,
        seed,
        run.reassignment_id,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Of the tasks the run covers up to `up_to`, those that were closed after it was asked for.
pub async fn count_closed_since(
    connection: &mut PgConnection,
    run: &ReassignmentRow,
    up_to: i64,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from tasks.completed_tasks
        where number > $1
            and number <= $2
            and completion_order > $3
            and ($4::uuid is null or completed_by = $4)
        "#,
        run.resume_after,
        up_to,
        run.asked_order,
        run.person_id,
    )
    .fetch_one(connection)
    .await
}

/// Writes how far the run is.
pub async fn update_reassignment(connection: &mut PgConnection, run: &ReassignmentRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        update tasks.reassignments
        set status = $2,
            done = $3,
            reassigned = $4,
            resume_after = $5,
            started_at = $6,
            finished_at = $7,
            last_error = $8
        where reassignment_id = $1
        ",
        run.reassignment_id,
        run.status,
        run.done,
        run.reassigned,
        run.resume_after,
        run.started_at,
        run.finished_at,
        run.last_error,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps why the run whose turn it is does not go on.
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

/// What reassigning everything now would cost.
pub async fn load_preview(connection: &mut PgConnection) -> Result<PreviewRow, sqlx::Error> {
    sqlx::query_as!(
        PreviewRow,
        r#"
        select
            count(*) as "open_tasks!",
            count(*) - count(price.number) as "unpriced_tasks!",
            coalesce(sum(price.fee_minor), 0)::bigint as "cost_minor!"
        from tasks.open_tasks as open
        left join tasks.prices as price on price.number = open.number
        "#
    )
    .fetch_one(connection)
    .await
}
