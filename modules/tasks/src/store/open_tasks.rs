//! The table `tasks.open_tasks`: a row for each open task, with its current assignee.

use chrono::{DateTime, Utc};
use contracts::PersonId;
use kernel::http::paging::Limit;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::tasks::TaskRow;
use crate::domain::{OpenTask, Reassignment, ReassignmentPreview, Task, TaskCounts, TaskPosition};

/// The `limit 201` in the lists below is the longest page and one row more. PostgreSQL assumes that
/// a limit in a parameter is a tenth of all rows. Without the constant, the generic plan of a list
/// seems to cost more than a plan for the very page, so PostgreSQL would plan each page again.
const _: () = assert!(Limit::ROWS_MAX == 201);

struct OpenTaskRow {
    number: i64,
    task_id: Uuid,
    assignment: i32,
}

impl From<OpenTaskRow> for OpenTask {
    fn from(row: OpenTaskRow) -> Self {
        Self { number: row.number, task_id: row.task_id.into(), assignment: row.assignment }
    }
}

/// Open tasks whose number is below `before`, newest first.
pub async fn list_open_tasks(
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
            page.assignee_id as "assignee_id!",
            (select name from tasks.people where person_id = page.assignee_id) as "assignee_name?",
            page.assignment as "assignments!",
            null::timestamptz as "completed_at?",
            price.fee_minor as "fee_minor?",
            price.reward_minor as "reward_minor?",
            price.currency as "currency?"
        from (
            select number, assignee_id, assignment
            from tasks.open_tasks
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

/// Open tasks that are assigned to the person and whose number is below `before`, newest first.
pub async fn list_open_tasks_of_person(
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
            page.assignee_id as "assignee_id!",
            (select name from tasks.people where person_id = $1) as "assignee_name?",
            page.assignment as "assignments!",
            null::timestamptz as "completed_at?",
            price.fee_minor as "fee_minor?",
            price.reward_minor as "reward_minor?",
            price.currency as "currency?"
        from (
            select number, assignee_id, assignment
            from tasks.open_tasks
            where assignee_id = $1
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

/// Open tasks that are assigned to the person and are after `after` in this order: the highest
/// reward first, then the newest. A task without a price counts as one without a reward.
pub async fn list_open_tasks_by_reward(
    connection: &mut PgConnection,
    person_id: PersonId,
    (before_reward, before): TaskPosition,
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
            page.assignee_id as "assignee_id!",
            (select name from tasks.people where person_id = $1) as "assignee_name?",
            page.assignment as "assignments!",
            null::timestamptz as "completed_at?",
            page.fee_minor as "fee_minor?",
            page.reward_minor as "reward_minor?",
            page.currency as "currency?"
        from (
            select open.number, open.assignee_id, open.assignment, price.fee_minor, price.reward_minor, price.currency
            from tasks.open_tasks as open
            left join tasks.prices as price on price.number = open.number
            where open.assignee_id = $1
                and (coalesce(price.reward_minor, 0), open.number) < ($2, $3)
            order by coalesce(price.reward_minor, 0) desc, open.number desc
            limit 201
        ) as page
        join tasks.tasks as task on task.number = page.number
        order by coalesce(page.reward_minor, 0) desc, page.number desc
        limit $4
        "#,
        person_id.uuid(),
        before_reward,
        before,
        limit.rows(),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Task::from).collect())
}

/// The numbers of the person's open tasks and of all, each up to `max`, and of unfinished runs.
pub async fn count_shown_tasks(
    connection: &mut PgConnection,
    person_id: PersonId,
    max: i64,
) -> Result<TaskCounts, sqlx::Error> {
    sqlx::query_as!(
        TaskCounts,
        r#"
        select
            (
                select count(*)
                from (select from tasks.open_tasks where assignee_id = $1 order by number limit $2) as of_person
            ) as "open_of_person!",
            (select count(*) from (select from tasks.open_tasks order by number limit $2) as of_all) as "open!",
            (
                select count(*)
                from tasks.reassignments
                where status in ('queued', 'running', 'blocked')
            ) as "unfinished_runs!"
        "#,
        person_id.uuid(),
        max,
    )
    .fetch_one(connection)
    .await
}

/// Number of open tasks.
pub async fn count_open_tasks(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from tasks.open_tasks"#).fetch_one(connection).await
}

/// Number of open tasks of each of these people, without the people who have none.
pub async fn count_open_tasks_by_person(
    connection: &mut PgConnection,
    person_ids: &[PersonId],
) -> Result<Vec<(PersonId, i64)>, sqlx::Error> {
    let person_ids: Vec<Uuid> = person_ids.iter().copied().map(PersonId::uuid).collect();
    let rows = sqlx::query!(
        r#"
        select assignee_id, count(*) as "tasks!"
        from tasks.open_tasks
        where assignee_id = any($1)
        group by assignee_id
        order by assignee_id
        "#,
        &person_ids,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.assignee_id.into(), row.tasks)).collect())
}

/// Number and price of all open tasks.
pub async fn load_reassignment_preview(connection: &mut PgConnection) -> Result<ReassignmentPreview, sqlx::Error> {
    sqlx::query_as!(
        ReassignmentPreview,
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

/// Whether the run covers an open task that is not done, locked or not.
pub async fn exists_open_task(connection: &mut PgConnection, run: &Reassignment) -> Result<bool, sqlx::Error> {
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
        run.person_id.map(PersonId::uuid),
    )
    .fetch_one(connection)
    .await
}

/// Locks the next open tasks that the run covers, in the order of their numbers. It waits for
/// transactions that hold one of them. An empty result means that no task is left.
pub async fn lock_next_open_tasks(
    connection: &mut PgConnection,
    run: &Reassignment,
    limit: i64,
) -> Result<Vec<OpenTask>, sqlx::Error> {
    let rows = match run.person_id {
        None => {
            sqlx::query_as!(
                OpenTaskRow,
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
            .await?
        }
        Some(person_id) => {
            sqlx::query_as!(
                OpenTaskRow,
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
                person_id.uuid(),
            )
            .fetch_all(connection)
            .await?
        }
    };
    Ok(rows.into_iter().map(OpenTask::from).collect())
}

/// Stores the new assignees of open tasks, with their draws.
pub async fn update_assignees(
    connection: &mut PgConnection,
    run: &Reassignment,
    numbers: &[i64],
    assignee_ids: &[PersonId],
    pool_id: i64,
    seed: i64,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let assignee_ids: Vec<Uuid> = assignee_ids.iter().copied().map(PersonId::uuid).collect();
    sqlx::query!(
        "
        with updated_open_tasks as (
            update tasks.open_tasks as open
            set assignee_id = input.assignee_id,
                assignment = open.assignment + 1
            from unnest($1::bigint[], $2::uuid[]) with ordinality as input (number, assignee_id, place)
            where open.number = input.number
            returning open.number, open.assignment, open.assignee_id, input.place
        )
        insert into tasks.assignments
            (number, assignment, assignee_id, assigned_at, pool_id, seed, draw_index, reassignment_id)
        select number, assignment, assignee_id, $3, $4, $5, (place - 1)::integer, $6
        from updated_open_tasks
        ",
        numbers,
        &assignee_ids,
        now,
        pool_id,
        seed,
        run.reassignment_id.uuid(),
    )
    .execute(connection)
    .await?;
    Ok(())
}
