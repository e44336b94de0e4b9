//! Reading tasks: a page of them, one, and its history.

use chrono::{DateTime, Utc};
use kernel::paging::Limit;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::service::{Status, TaskFilter};

/// The `limit 201` in the text of `list_tasks`.
const _: () = assert!(Limit::ROWS_MAX == 201);

/// A task as it is shown.
#[derive(Debug, Clone)]
pub struct TaskRow {
    pub number: i64,
    pub task_id: Uuid,
    pub title: String,
    pub reference: Option<String>,
    pub description: Option<String>,
    pub link: Option<String>,
    pub created_by: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    /// Whoever has it, or completed it.
    pub assignee_id: Uuid,
    pub assignee_name: Option<String>,
    pub assignments: i32,
    pub completed_at: Option<DateTime<Utc>>,
    pub fee_minor: Option<i64>,
    pub reward_minor: Option<i64>,
    pub currency: Option<String>,
}

/// One assignment with its draw.
#[derive(Debug, Clone)]
pub struct HistoryRow {
    pub assignment: i32,
    pub assignee_id: Uuid,
    pub assignee_name: Option<String>,
    pub assigned_at: DateTime<Utc>,
    pub pool_id: i64,
    pub pool_size: i32,
    pub seed: i64,
    pub draw_index: i32,
    pub reassignment_id: Option<Uuid>,
}

/// One page, newest first, below `before`.
pub async fn list_tasks(
    connection: &mut PgConnection,
    filter: &TaskFilter,
    before: i64,
    limit: Limit,
) -> Result<Vec<TaskRow>, sqlx::Error> {
    if let Some(search) = &filter.search {
        let numbers = search_numbers(connection, filter, search, before, limit.rows()).await?;
        return load_tasks_by_number(connection, &numbers).await;
    }
    let wants = |status| filter.status.is_none_or(|wanted| wanted == status);
    // Each of the four goes by an index, or is not begun. `limit 201` is the longest page there is and one more, also once more around
    // all four: of a limit that it cannot see PostgreSQL expects a tenth of what is below, and plans anew for each page.
    sqlx::query_as!(
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
            task.created_at,
            page.assignee_id as "assignee_id!",
            (select name from tasks.people where person_id = page.assignee_id) as "assignee_name?",
            page.assignment as "assignments!",
            page.completed_at as "completed_at?",
            price.fee_minor as "fee_minor?",
            price.reward_minor as "reward_minor?",
            price.currency as "currency?"
        from (
            select number, assignee_id, assignment, completed_at
            from (
                select number, assignee_id, assignment, completed_at
                from (
                    (
                        select number, assignee_id, assignment, null::timestamptz as completed_at
                        from tasks.open_tasks
                        where $1::boolean
                            and $2::uuid is null
                            and number < $3
                        order by number desc
                        limit 201
                    )
                    union all
                    (
                        select number, assignee_id, assignment, null::timestamptz
                        from tasks.open_tasks
                        where $1::boolean
                            and assignee_id = $2
                            and number < $3
                        order by number desc
                        limit 201
                    )
                    union all
                    (
                        select number, completed_by, assignment, completed_at
                        from tasks.completed_tasks
                        where $4::boolean
                            and $2::uuid is null
                            and number < $3
                        order by number desc
                        limit 201
                    )
                    union all
                    (
                        select number, completed_by, assignment, completed_at
                        from tasks.completed_tasks
                        where $4::boolean
                            and completed_by = $2
                            and number < $3
                        order by number desc
                        limit 201
                    )
                ) as found
                order by number desc
                limit 201
            ) as longest
            order by number desc
            limit $5
        ) as page
        join tasks.tasks as task on task.number = page.number
        left join tasks.prices as price on price.number = page.number
        order by task.number desc
        "#,
        wants(Status::Open),
        filter.assignee.map(contracts::PersonId::uuid),
        before,
        wants(Status::Completed),
        limit.rows(),
    )
    .fetch_all(connection)
    .await
}

/// Finds by a piece of the title or the reference, in any case.
async fn search_numbers(
    connection: &mut PgConnection,
    filter: &TaskFilter,
    search: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<i64>, sqlx::Error> {
    let escaped = search.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    sqlx::query_scalar!(
        "
        select task.number
        from tasks.tasks as task
        left join tasks.open_tasks as open on open.number = task.number
        left join tasks.completed_tasks as completed on completed.number = task.number
        where lower(task.title || ' ' || coalesce(task.reference, '')) like '%' || $1 || '%'
            and task.number < $2
            and ($3::boolean is null or (open.number is not null) = $3)
            and ($4::uuid is null or coalesce(open.assignee_id, completed.completed_by) = $4)
        order by task.number desc
        limit $5
        ",
        escaped,
        before,
        filter.status.map(|status| status == Status::Open),
        filter.assignee.map(contracts::PersonId::uuid),
        limit,
    )
    .fetch_all(connection)
    .await
}

/// What is shown of these tasks, newest first.
async fn load_tasks_by_number(connection: &mut PgConnection, numbers: &[i64]) -> Result<Vec<TaskRow>, sqlx::Error> {
    sqlx::query_as!(
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
            task.created_at,
            coalesce(open.assignee_id, completed.completed_by) as "assignee_id!",
            person.name as "assignee_name?",
            coalesce(open.assignment, completed.assignment) as "assignments!",
            completed.completed_at as "completed_at?",
            price.fee_minor as "fee_minor?",
            price.reward_minor as "reward_minor?",
            price.currency as "currency?"
        from tasks.tasks as task
        left join tasks.open_tasks as open on open.number = task.number
        left join tasks.completed_tasks as completed on completed.number = task.number
        left join tasks.people as person on person.person_id = coalesce(open.assignee_id, completed.completed_by)
        left join tasks.prices as price on price.number = task.number
        where task.number = any($1)
        order by task.number desc
        "#,
        numbers,
    )
    .fetch_all(connection)
    .await
}

/// One task, by its public id.
pub async fn load_task(connection: &mut PgConnection, task_id: Uuid) -> Result<Option<TaskRow>, sqlx::Error> {
    let number = sqlx::query_scalar!("select number from tasks.tasks where task_id = $1", task_id)
        .fetch_optional(&mut *connection)
        .await?;
    match number {
        Some(number) => Ok(load_tasks_by_number(connection, &[number]).await?.pop()),
        None => Ok(None),
    }
}

/// Every assignment of a task after `after`, oldest first.
pub async fn load_task_history(
    connection: &mut PgConnection,
    number: i64,
    after: i32,
    limit: i64,
) -> Result<Vec<HistoryRow>, sqlx::Error> {
    sqlx::query_as!(
        HistoryRow,
        r#"
        select
            assigned.assignment,
            assigned.assignee_id,
            person.name as "assignee_name?",
            assigned.assigned_at,
            assigned.pool_id,
            cardinality(pool.members) as "pool_size!",
            assigned.seed,
            assigned.draw_index,
            assigned.reassignment_id
        from tasks.assignments as assigned
        join tasks.pools as pool on pool.pool_id = assigned.pool_id
        left join tasks.people as person on person.person_id = assigned.assignee_id
        where assigned.number = $1
            and assigned.assignment > $2
        order by assigned.assignment
        limit $3
        "#,
        number,
        after,
        limit,
    )
    .fetch_all(connection)
    .await
}
