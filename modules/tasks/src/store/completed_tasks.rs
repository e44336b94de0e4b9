//! The table `tasks.completed_tasks`: a row for each completed task.

use chrono::{DateTime, Utc};
use contracts::PersonId;
use contracts::events::tasks::Completion;
use kernel::db::Envelope;
use kernel::http::paging::Limit;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::event_order::ORDER_LOCK;
use super::tasks::TaskRow;
use crate::domain::{CompleteTask, NumberRange, Reassignment, Task};

/// The `limit 201` in the statements below; `open_tasks` says what it is for.
const _: () = assert!(Limit::ROWS_MAX == 201);

/// Completes each task that is open and assigned to the person of its command, and publishes the
/// completions in one event. Returns the tasks that this call has completed.
///
/// A task that is in two commands is completed by one of them.
pub async fn insert_completed_tasks(
    connection: &mut PgConnection,
    commands: &[CompleteTask],
    now: DateTime<Utc>,
    envelope: &Envelope,
) -> Result<Vec<Task>, sqlx::Error> {
    let (task_ids, person_ids): (Vec<Uuid>, Vec<Uuid>) =
        commands.iter().map(|command| (command.task_id.uuid(), command.person_id.uuid())).unzip();
    let rows = sqlx::query_file_as!(
        TaskRow,
        "src/store/insert_completed_tasks.sql",
        &task_ids,
        &person_ids,
        now,
        ORDER_LOCK,
        envelope.event_id(),
        envelope.head(),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Task::from).collect())
}

/// Completed tasks whose number is below `before`, newest first.
pub async fn list_completed_tasks(
    connection: &mut PgConnection,
    before: i64,
    limit: Limit,
) -> Result<Vec<Task>, sqlx::Error> {
    let rows = sqlx::query_as!(
        TaskRow,
        r#"
        select
            task.number,
            task.task_id,
            task.title,
            task.reference,
            task.description,
            task.link,
            task.created_by,
            (select name from tasks.people where person_id = task.created_by) as "created_by_name?",
            task.created_at,
            page.completed_by as "assignee_id!",
            (select name from tasks.people where person_id = page.completed_by) as "assignee_name?",
            page.assignment as "assignments!",
            page.completed_at as "completed_at?",
            price.fee_minor as "fee_minor?",
            price.reward_minor as "reward_minor?",
            price.currency as "currency?"
        from (
            select number, completed_by, assignment, completed_at
            from tasks.completed_tasks
            where number < $1
            order by number desc
            limit 201
        ) as page
        join tasks.tasks as task on task.number = page.number
        left join tasks.prices as price on price.number = page.number
        order by page.number desc
        limit $2
        "#,
        before,
        limit.rows(),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Task::from).collect())
}

/// Tasks that the person completed and whose number is below `before`, newest first.
pub async fn list_completed_tasks_of_person(
    connection: &mut PgConnection,
    person_id: PersonId,
    before: i64,
    limit: Limit,
) -> Result<Vec<Task>, sqlx::Error> {
    let rows = sqlx::query_as!(
        TaskRow,
        r#"
        select
            task.number,
            task.task_id,
            task.title,
            task.reference,
            task.description,
            task.link,
            task.created_by,
            (select name from tasks.people where person_id = task.created_by) as "created_by_name?",
            task.created_at,
            page.completed_by as "assignee_id!",
            (select name from tasks.people where person_id = $1) as "assignee_name?",
            page.assignment as "assignments!",
            page.completed_at as "completed_at?",
            price.fee_minor as "fee_minor?",
            price.reward_minor as "reward_minor?",
            price.currency as "currency?"
        from (
            select number, completed_by, assignment, completed_at
            from tasks.completed_tasks
            where completed_by = $1
                and number < $2
            order by number desc
            limit 201
        ) as page
        join tasks.tasks as task on task.number = page.number
        left join tasks.prices as price on price.number = page.number
        order by page.number desc
        limit $3
        "#,
        person_id.uuid(),
        before,
        limit.rows(),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Task::from).collect())
}

/// Completed tasks before a time and number, the latest completion first.
pub async fn list_latest_completions(
    connection: &mut PgConnection,
    (before_time, before): (DateTime<Utc>, i64),
    limit: Limit,
) -> Result<Vec<Task>, sqlx::Error> {
    let rows = sqlx::query_as!(
        TaskRow,
        r#"
        select
            task.number,
            task.task_id,
            task.title,
            task.reference,
            task.description,
            task.link,
            task.created_by,
            (select name from tasks.people where person_id = task.created_by) as "created_by_name?",
            task.created_at,
            page.completed_by as "assignee_id!",
            (select name from tasks.people where person_id = page.completed_by) as "assignee_name?",
            page.assignment as "assignments!",
            page.completed_at as "completed_at?",
            price.fee_minor as "fee_minor?",
            price.reward_minor as "reward_minor?",
            price.currency as "currency?"
        from (
            select number, completed_by, assignment, completed_at
            from tasks.completed_tasks
            where (completed_at, number) < ($1, $2)
            order by completed_at desc, number desc
            limit 201
        ) as page
        join tasks.tasks as task on task.number = page.number
        left join tasks.prices as price on price.number = page.number
        order by page.completed_at desc, page.number desc
        limit $3
        "#,
        before_time,
        before,
        limit.rows(),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Task::from).collect())
}

/// Tasks that the person completed before a time and number, the latest completion first.
pub async fn list_latest_completions_of_person(
    connection: &mut PgConnection,
    person_id: PersonId,
    (before_time, before): (DateTime<Utc>, i64),
    limit: Limit,
) -> Result<Vec<Task>, sqlx::Error> {
    let rows = sqlx::query_as!(
        TaskRow,
        r#"
        select
            task.number,
            task.task_id,
            task.title,
            task.reference,
            task.description,
            task.link,
            task.created_by,
            (select name from tasks.people where person_id = task.created_by) as "created_by_name?",
            task.created_at,
            page.completed_by as "assignee_id!",
            (select name from tasks.people where person_id = $3) as "assignee_name?",
            page.assignment as "assignments!",
            page.completed_at as "completed_at?",
            price.fee_minor as "fee_minor?",
            price.reward_minor as "reward_minor?",
            price.currency as "currency?"
        from (
            select number, completed_by, assignment, completed_at
            from tasks.completed_tasks
            where (completed_at, number) < ($1, $2)
                and completed_by = $3
            order by completed_at desc, number desc
            limit 201
        ) as page
        join tasks.tasks as task on task.number = page.number
        left join tasks.prices as price on price.number = page.number
        order by page.completed_at desc, page.number desc
        limit $4
        "#,
        before_time,
        before,
        person_id.uuid(),
        limit.rows(),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Task::from).collect())
}

/// Number of the tasks that the run covers, up to the number `up_to`, and that were completed after
/// the run was requested.
pub async fn count_completed_since(
    connection: &mut PgConnection,
    run: &Reassignment,
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
        run.person_id.map(PersonId::uuid),
    )
    .fetch_one(connection)
    .await
}

/// The completions of the tasks in the range, each with the number of its task, in this order.
pub async fn list_completions(
    connection: &mut PgConnection,
    range: NumberRange,
    rows: i64,
) -> Result<Vec<(i64, Completion)>, sqlx::Error> {
    let rows = sqlx::query!(
        "
        select completed.number, task.task_id, task.title, task.reference, completed.completed_by, completed.completed_at
        from tasks.completed_tasks as completed
        join tasks.tasks as task on task.number = completed.number
        where completed.number > $1
            and completed.number <= $2
        order by completed.number
        limit $3
        ",
        range.after,
        range.until,
        rows,
    )
    .fetch_all(connection)
    .await?;
    let completions = rows.into_iter().map(|row| {
        let completion = Completion {
            task_id: row.task_id.into(),
            title: row.title,
            reference: row.reference,
            completed_by: row.completed_by.into(),
            completed_at: row.completed_at,
        };
        (row.number, completion)
    });
    Ok(completions.collect())
}
