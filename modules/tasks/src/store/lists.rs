//! Reading tasks: first the numbers of a page from the index that serves its filter, then what is shown of them.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::service::{Status, TaskFilter};

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

/// The numbers of one page, newest first, below `before`.
pub async fn list_numbers(
    connection: &mut PgConnection,
    filter: &TaskFilter,
    before: i64,
    limit: i64,
) -> Result<Vec<i64>, sqlx::Error> {
    if let Some(search) = &filter.search {
        return search_numbers(connection, filter, search, before, limit).await;
    }
    match (filter.status, filter.assignee) {
        (None, None) => list_all(connection, before, limit).await,
        (Some(Status::Open), None) => list_open(connection, before, limit).await,
        (Some(Status::Completed), None) => list_completed(connection, before, limit).await,
        (Some(Status::Open), Some(person)) => list_open_of(connection, person.uuid(), before, limit).await,
        (Some(Status::Completed), Some(person)) => list_completed_by(connection, person.uuid(), before, limit).await,
        (None, Some(person)) => {
            let mut numbers = list_open_of(connection, person.uuid(), before, limit).await?;
            numbers.extend(list_completed_by(connection, person.uuid(), before, limit).await?);
            numbers.sort_unstable_by(|one, other| other.cmp(one));
            numbers.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            Ok(numbers)
        }
    }
}

async fn list_all(connection: &mut PgConnection, before: i64, limit: i64) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select number
        from tasks.tasks
        where number < $1
        order by number desc
        limit $2
        ",
        before,
        limit,
    )
    .fetch_all(connection)
    .await
}

async fn list_open(connection: &mut PgConnection, before: i64, limit: i64) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select number
        from tasks.open_tasks
        where number < $1
        order by number desc
        limit $2
        ",
        before,
        limit,
    )
    .fetch_all(connection)
    .await
}

async fn list_completed(connection: &mut PgConnection, before: i64, limit: i64) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select number
        from tasks.completed_tasks
        where number < $1
        order by number desc
        limit $2
        ",
        before,
        limit,
    )
    .fetch_all(connection)
    .await
}

async fn list_open_of(
    connection: &mut PgConnection,
    person_id: Uuid,
    before: i64,
    limit: i64,
) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select number
        from tasks.open_tasks
        where assignee_id = $1
            and number < $2
        order by number desc
        limit $3
        ",
        person_id,
        before,
        limit,
    )
    .fetch_all(connection)
    .await
}

async fn list_completed_by(
    connection: &mut PgConnection,
    person_id: Uuid,
    before: i64,
    limit: i64,
) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select number
        from tasks.completed_tasks
        where completed_by = $1
            and number < $2
        order by number desc
        limit $3
        ",
        person_id,
        before,
        limit,
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
pub async fn load_tasks_by_number(connection: &mut PgConnection, numbers: &[i64]) -> Result<Vec<TaskRow>, sqlx::Error> {
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
