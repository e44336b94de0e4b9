//! Queries behind `piecework verify`; each names rows that break an invariant.

use futures_util::stream::BoxStream;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

/// What the ledger must say of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFactRow {
    pub task_id: Uuid,
    /// 1 + reassigns of it.
    pub assignments: i32,
    pub completed_by: Option<Uuid>,
    /// A digest of who was assigned each time.
    pub charged: Option<String>,
}

/// A recorded draw.
pub struct DrawRow {
    pub task_id: Uuid,
    pub assignment: i32,
    pub assignee_id: Uuid,
    pub pool_id: i64,
    pub seed: i64,
    pub draw_index: i32,
}

/// Every task in id order.
pub fn stream_task_facts(connection: &mut PgConnection) -> BoxStream<'_, Result<TaskFactRow, sqlx::Error>> {
    sqlx::query_as!(
        TaskFactRow,
        r#"
        select
            task.task_id,
            coalesce(open.assignment, completed.assignment, 0) as "assignments!",
            completed.completed_by as "completed_by?",
            (
                select md5(string_agg(assignment || '=' || assignee_id, ',' order by assignment))
                from tasks.assignments
                where number = task.number
            ) as charged
        from tasks.tasks as task
        left join tasks.open_tasks as open on open.number = task.number
        left join tasks.completed_tasks as completed on completed.number = task.number
        order by task.task_id
        "#
    )
    .fetch(connection)
}

/// Tasks that are neither open nor completed, or both.
pub async fn find_tasks_in_no_state(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select task.task_id
        from tasks.tasks as task
        left join tasks.open_tasks as open on open.number = task.number
        left join tasks.completed_tasks as completed on completed.number = task.number
        where (open.number is null) = (completed.number is null)
        limit 100
        "
    )
    .fetch_all(connection)
    .await
}

/// Tasks whose assignee or count is not that of their last recorded draw, or whose draws have a gap.
pub async fn find_tasks_apart_from_their_draws(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select task.task_id
        from tasks.tasks as task
        left join tasks.open_tasks as open on open.number = task.number
        left join tasks.completed_tasks as completed on completed.number = task.number
        left join (
            select number, count(*) as draws, max(assignment) as last
            from tasks.assignments
            group by number
        ) as drawn on drawn.number = task.number
        left join tasks.assignments as latest on latest.number = task.number and latest.assignment = drawn.last
        where drawn.draws is distinct from drawn.last
            or drawn.last is distinct from coalesce(open.assignment, completed.assignment)
            or latest.assignee_id is distinct from coalesce(open.assignee_id, completed.completed_by)
        limit 100
        "
    )
    .fetch_all(connection)
    .await
}

/// Every recorded draw.
pub fn stream_draws(connection: &mut PgConnection) -> BoxStream<'_, Result<DrawRow, sqlx::Error>> {
    sqlx::query_as!(
        DrawRow,
        "
        select task.task_id, drawn.assignment, drawn.assignee_id, drawn.pool_id, drawn.seed, drawn.draw_index
        from tasks.assignments as drawn
        join tasks.tasks as task on task.number = drawn.number
        order by drawn.pool_id
        "
    )
    .fetch(connection)
}

pub async fn load_pool_members(connection: &mut PgConnection, pool_id: i64) -> Result<Option<Vec<Uuid>>, sqlx::Error> {
    sqlx::query_scalar!("select members from tasks.pools where pool_id = $1", pool_id).fetch_optional(connection).await
}

/// Open tasks of people who may not have any, while no run is waiting to move them.
pub async fn find_stranded_tasks(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select task.task_id
        from tasks.open_tasks as open
        join tasks.tasks as task on task.number = open.number
        join tasks.people as person on person.person_id = open.assignee_id
        where not person.is_assignable
            and not exists (
                select
                from tasks.reassignments
                where status in ('queued', 'running', 'blocked')
            )
        limit 100
        "
    )
    .fetch_all(connection)
    .await
}
