//! Creating and completing tasks, and the order lock both stand under.

use chrono::{DateTime, Utc};
use contracts::{PersonId, TaskId};
use kernel::db::Envelope;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::TaskRow;
use crate::domain::NewTask;

/// The advisory lock behind `tasks.event_order`; see the migration.
pub(super) const ORDER_LOCK: i64 = 0x7A5C_0001;

/// Held by whatever takes a number or draws from the pool.
pub async fn lock_order_shared(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock_shared($1)", ORDER_LOCK).execute(connection).await?;
    Ok(())
}

/// Held by whoever must know that nothing is half created: asking for a run, changing the pool.
///
/// Whoever creates or completes a task queues behind a wait for this, so the wait is short: half a second.
pub async fn lock_order_exclusive(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("set local lock_timeout = '500ms'").execute(&mut *connection).await?;
    sqlx::query!("select pg_advisory_xact_lock($1)", ORDER_LOCK).execute(&mut *connection).await?;
    sqlx::query!("set local lock_timeout to default").execute(connection).await?;
    Ok(())
}

/// Whether a lock was not to be had in time.
pub fn is_lock_timeout(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database) if database.code().as_deref() == Some("55P03"))
}

/// A task with its first draw made.
pub struct AssignableTask<'a> {
    pub task_id: TaskId,
    pub task: &'a NewTask,
    pub created_by: Option<PersonId>,
    pub import_key: Option<&'a str>,
    pub assignee_id: PersonId,
    pub draw_index: i32,
}

/// What the database adds to a task that was stored.
pub struct StoredTask {
    pub task_id: Uuid,
    pub number: i64,
    pub assignee_name: Option<String>,
}

/// Inserts tasks with their assignments, in the order given, if `pool_id` is the pool in force, and says so in one event. A known import
/// key is skipped; returns those that are new.
pub async fn insert_tasks(
    connection: &mut PgConnection,
    tasks: &[AssignableTask<'_>],
    pool_id: i64,
    seed: i64,
    now: DateTime<Utc>,
    envelope: &Envelope,
) -> Result<Vec<StoredTask>, sqlx::Error> {
    let ids: Vec<Uuid> = tasks.iter().map(|row| row.task_id.uuid()).collect();
    let titles: Vec<&str> = tasks.iter().map(|row| row.task.title.as_str()).collect();
    let references: Vec<Option<&str>> = tasks.iter().map(|row| row.task.reference.as_deref()).collect();
    let descriptions: Vec<Option<&str>> = tasks.iter().map(|row| row.task.description.as_deref()).collect();
    let links: Vec<Option<&str>> = tasks.iter().map(|row| row.task.link.as_deref()).collect();
    let creators: Vec<Option<Uuid>> = tasks.iter().map(|row| row.created_by.map(PersonId::uuid)).collect();
    let import_keys: Vec<Option<&str>> = tasks.iter().map(|row| row.import_key).collect();
    let assignees: Vec<Uuid> = tasks.iter().map(|row| row.assignee_id.uuid()).collect();
    let draw_indexes: Vec<i32> = tasks.iter().map(|row| row.draw_index).collect();
    sqlx::query_as!(
        StoredTask,
        r#"
        with locked as materialized (
            select tasks.pool_under_order_lock($13) as pool_id
        ), given as (
            select given.*
            from locked
            cross join
                unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::uuid[], $9::integer[])
                with ordinality
                as given (task_id, title, reference, description, link, created_by, import_key, assignee_id, draw_index, place)
            where locked.pool_id = $11
        ), created as (
            insert into tasks.tasks (task_id, title, reference, description, link, created_by, import_key, created_at)
            select task_id, title, reference, description, link, created_by, import_key, $10
            from given
            order by place
            on conflict (import_key) do nothing
            returning number, task_id
        ), opened as (
            insert into tasks.open_tasks (number, assignee_id, assignment)
            select created.number, given.assignee_id, 1
            from created
            join given using (task_id)
        ), assigned as (
            insert into tasks.assignments (number, assignment, assignee_id, assigned_at, pool_id, seed, draw_index)
            select created.number, 1, given.assignee_id, $10, $11, $12, given.draw_index
            from created
            join given using (task_id)
        ), told as (
            insert into tasks.outbox (event_id, weight, event)
            select
                $14,
                count(*),
                ($15 || json_build_object('tasks', json_agg(json_build_object(
                    'task_id', given.task_id,
                    'title', given.title,
                    'reference', given.reference,
                    'assignee_id', given.assignee_id,
                    'created_at', $10::timestamptz
                )))::text || '}')::json
            from created
            join given using (task_id)
            having count(*) > 0
        )
        select created.task_id as "task_id!", created.number as "number!", person.name as "assignee_name?"
        from created
        join given using (task_id)
        left join tasks.people as person on person.person_id = given.assignee_id
        "#,
        &ids,
        &titles as &[&str],
        &references as &[Option<&str>],
        &descriptions as &[Option<&str>],
        &links as &[Option<&str>],
        &creators as &[Option<Uuid>],
        &import_keys as &[Option<&str>],
        &assignees,
        &draw_indexes,
        now,
        pool_id,
        seed,
        ORDER_LOCK,
        envelope.event_id(),
        envelope.head(),
    )
    .fetch_all(connection)
    .await
}

/// Closes each task that is open and the person's, and says so in one event; those that were, as they are shown now.
///
/// Of the same task twice one is closed: whoever asked for the other finds it completed.
pub async fn complete_tasks(
    connection: &mut PgConnection,
    commands: &[(TaskId, PersonId)],
    now: DateTime<Utc>,
    envelope: &Envelope,
) -> Result<Vec<TaskRow>, sqlx::Error> {
    let (task_ids, people): (Vec<Uuid>, Vec<Uuid>) =
        commands.iter().map(|(task_id, person_id)| (task_id.uuid(), person_id.uuid())).unzip();
    sqlx::query_as!(
        TaskRow,
        r#"
        with locked as materialized (
            select pg_advisory_xact_lock_shared($4)
        ), given as (
            select
                task.number,
                task.task_id,
                task.title,
                task.reference,
                task.description,
                task.link,
                task.created_by,
                task.created_at,
                given.person_id
            from locked
            cross join unnest($1::uuid[], $2::uuid[]) as given (task_id, person_id)
            join tasks.tasks as task on task.task_id = given.task_id
            order by task.number
        ), closed as (
            delete from tasks.open_tasks as open
            using given
            where open.number = given.number
                and open.assignee_id = given.person_id
            returning
                open.number,
                open.assignee_id,
                open.assignment,
                given.task_id,
                given.title,
                given.reference,
                given.description,
                given.link,
                given.created_by,
                given.created_at
        ), completed as (
            insert into tasks.completed_tasks (number, completed_by, assignment, completed_at)
            select number, assignee_id, assignment, $3
            from closed
        ), told as (
            insert into tasks.outbox (event_id, weight, event)
            select
                $5,
                count(*),
                ($6 || json_build_object('completions', json_agg(json_build_object(
                    'task_id', task_id,
                    'title', title,
                    'reference', reference,
                    'completed_by', assignee_id,
                    'completed_at', $3::timestamptz
                )))::text || '}')::json
            from closed
            having count(*) > 0
        )
        select
            closed.number as "number!",
            closed.task_id as "task_id!",
            closed.title as "title!",
            closed.reference,
            closed.description,
            closed.link,
            closed.created_by,
            closed.created_at as "created_at!",
            closed.assignee_id as "assignee_id!",
            person.name as "assignee_name?",
            closed.assignment as "assignments!",
            $3 as "completed_at?",
            price.fee_minor as "fee_minor?",
            price.reward_minor as "reward_minor?",
            price.currency as "currency?"
        from closed
        left join tasks.people as person on person.person_id = closed.assignee_id
        left join tasks.prices as price on price.number = closed.number
        "#,
        &task_ids,
        &people,
        now,
        ORDER_LOCK,
        envelope.event_id(),
        envelope.head(),
    )
    .fetch_all(connection)
    .await
}

/// Whether the person has, or ever had, the task.
pub async fn was_ever_assigned(
    connection: &mut PgConnection,
    task_id: TaskId,
    person_id: PersonId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select
            from tasks.assignments
            where number = (select number from tasks.tasks where task_id = $1)
                and assignee_id = $2
        ) as "exists!"
        "#,
        task_id.uuid(),
        person_id.uuid(),
    )
    .fetch_one(connection)
    .await
}

/// Keeps prices; a task has one price for good, so a second is ignored.
pub async fn insert_prices(
    connection: &mut PgConnection,
    task_ids: &[Uuid],
    fees_minor: &[i64],
    rewards_minor: &[i64],
    currency: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into tasks.prices (number, fee_minor, reward_minor, currency)
        select task.number, price.fee_minor, price.reward_minor, $4
        from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as price (task_id, fee_minor, reward_minor)
        join tasks.tasks as task on task.task_id = price.task_id
        order by task.number
        on conflict (number) do nothing
        ",
        task_ids,
        fees_minor,
        rewards_minor,
        currency,
    )
    .execute(connection)
    .await?;
    Ok(())
}
