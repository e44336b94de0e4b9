//! The reads of `piecework verify` and `piecework reconcile`, which read all data, or that of some
//! tasks. Those that list tasks list the ones that break an invariant.

use chrono::{DateTime, Utc};
use contracts::PersonId;
use futures_util::stream::{BoxStream, StreamExt};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::{RecordedDraw, TaskFact, TaskPeople};

struct TaskFactRow {
    task_id: Uuid,
    assignments: i32,
    completed_by: Option<Uuid>,
    charged: Option<String>,
    fee_minor: Option<i64>,
    reward_minor: Option<i64>,
}

impl From<TaskFactRow> for TaskFact {
    fn from(row: TaskFactRow) -> Self {
        Self {
            task_id: row.task_id.into(),
            assignments: row.assignments.into(),
            completed_by: row.completed_by.map(PersonId::from),
            charged: row.charged,
            price_minor: row.fee_minor.zip(row.reward_minor),
        }
    }
}

struct DrawRow {
    task_id: Uuid,
    assignment: i32,
    assignee_id: Uuid,
    pool_id: i64,
    seed: i64,
    draw_index: i32,
}

impl From<DrawRow> for RecordedDraw {
    fn from(row: DrawRow) -> Self {
        Self {
            task_id: row.task_id.into(),
            assignment: row.assignment,
            assignee_id: row.assignee_id.into(),
            pool_id: row.pool_id,
            seed: row.seed,
            draw_index: row.draw_index,
        }
    }
}

/// What the ledger must contain about these tasks, or about every task, in the order of the task
/// ids.
pub fn stream_task_facts<'a>(
    connection: &'a mut PgConnection,
    task_ids: Option<&'a [Uuid]>,
) -> BoxStream<'a, Result<TaskFact, sqlx::Error>> {
    let rows = sqlx::query_as!(
        TaskFactRow,
        r#"
        select
            task.task_id,
            coalesce(open.assignment, completed.assignment, 0) as "assignments!",
            completed.completed_by as "completed_by?",
            price.fee_minor as "fee_minor?",
            price.reward_minor as "reward_minor?",
            (
                select md5(string_agg(assignment || '=' || assignee_id, ',' order by assignment))
                from tasks.assignments
                where number = task.number
            ) as charged
        from tasks.tasks as task
        left join tasks.open_tasks as open on open.number = task.number
        left join tasks.completed_tasks as completed on completed.number = task.number
        left join tasks.prices as price on price.number = task.number
        where $1::uuid[] is null or task.task_id = any($1)
        order by task.task_id
        "#,
        task_ids as Option<&[Uuid]>,
    )
    .fetch(connection);
    rows.map(|row| row.map(TaskFact::from)).boxed()
}

/// The tasks that were created, assigned or completed since then, in id order. The id of a task
/// contains the time of its creation: `first_id` is the lowest one since then. The assignments are
/// read only if a run was active.
pub fn stream_recent_task_ids(
    connection: &mut PgConnection,
    first_id: Uuid,
    since: DateTime<Utc>,
) -> BoxStream<'_, Result<Uuid, sqlx::Error>> {
    sqlx::query_scalar!(
        r#"
        select task_id as "task_id!"
        from tasks.tasks
        where task_id >= $1
        union
        select task.task_id
        from tasks.completed_tasks as completed
        join tasks.tasks as task on task.number = completed.number
        where completed.completed_at >= $2
        union
        select task.task_id
        from tasks.assignments as drawn
        join tasks.tasks as task on task.number = drawn.number
        where drawn.assigned_at >= $2
            and drawn.reassignment_id is not null
            and exists (
                select
                from tasks.reassignments
                where finished_at is null or finished_at >= $2
            )
        order by "task_id!"
        "#,
        first_id,
        since,
    )
    .fetch(connection)
    .boxed()
}

/// The people of every task, in the order of the task ids.
pub fn stream_task_people(connection: &mut PgConnection) -> BoxStream<'_, Result<TaskPeople, sqlx::Error>> {
    let rows = sqlx::query!(
        r#"
        select
            task.task_id,
            completed.completed_by as "completed_by?",
            array(
                select assignee_id
                from tasks.assignments
                where number = task.number
                order by assignment
            ) as "assignees!"
        from tasks.tasks as task
        left join tasks.completed_tasks as completed on completed.number = task.number
        order by task.task_id
        "#
    )
    .fetch(connection);
    let people = rows.map(|row| {
        row.map(|row| TaskPeople {
            task_id: row.task_id.into(),
            assignees: row.assignees.into_iter().map(PersonId::from).collect(),
            completed_by: row.completed_by.map(PersonId::from),
        })
    });
    people.boxed()
}

/// Tasks among these, or among all, that are neither open nor completed, or both.
pub async fn list_tasks_without_one_status(
    connection: &mut PgConnection,
    task_ids: Option<&[Uuid]>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select task.task_id
        from tasks.tasks as task
        left join tasks.open_tasks as open on open.number = task.number
        left join tasks.completed_tasks as completed on completed.number = task.number
        where (open.number is null) = (completed.number is null)
            and ($1::uuid[] is null or task.task_id = any($1))
        limit 100
        ",
        task_ids as Option<&[Uuid]>,
    )
    .fetch_all(connection)
    .await
}

/// Tasks among these, or among all, whose assignee or number of assignments differs from their last
/// recorded draw, and tasks with a gap in the numbers of their draws.
pub async fn list_tasks_that_differ_from_their_draws(
    connection: &mut PgConnection,
    task_ids: Option<&[Uuid]>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select task.task_id
        from tasks.tasks as task
        left join tasks.open_tasks as open on open.number = task.number
        left join tasks.completed_tasks as completed on completed.number = task.number
        left join (
            select number, count(*) as draws, max(assignment) as last
            from tasks.assignments
            where $1::uuid[] is null
                or number = any(array(select number from tasks.tasks where task_id = any($1)))
            group by number
        ) as drawn on drawn.number = task.number
        left join tasks.assignments as latest on latest.number = task.number and latest.assignment = drawn.last
        where ($1::uuid[] is null or task.task_id = any($1))
            and (
                drawn.draws is distinct from drawn.last
                or drawn.last is distinct from coalesce(open.assignment, completed.assignment)
                or latest.assignee_id is distinct from coalesce(open.assignee_id, completed.completed_by)
            )
        limit 100
        ",
        task_ids as Option<&[Uuid]>,
    )
    .fetch_all(connection)
    .await
}

/// Every recorded draw of these tasks, or of all, in the order of the pools.
pub fn stream_draws<'a>(
    connection: &'a mut PgConnection,
    task_ids: Option<&'a [Uuid]>,
) -> BoxStream<'a, Result<RecordedDraw, sqlx::Error>> {
    let rows = sqlx::query_as!(
        DrawRow,
        "
        select task.task_id, drawn.assignment, drawn.assignee_id, drawn.pool_id, drawn.seed, drawn.draw_index
        from tasks.assignments as drawn
        join tasks.tasks as task on task.number = drawn.number
        where $1::uuid[] is null or task.task_id = any($1)
        order by drawn.pool_id
        ",
        task_ids as Option<&[Uuid]>,
    )
    .fetch(connection);
    rows.map(|row| row.map(RecordedDraw::from)).boxed()
}

/// Open tasks whose assignee is not assignable, while no run is unfinished.
pub async fn list_stranded_tasks(connection: &mut PgConnection) -> Result<Vec<Uuid>, sqlx::Error> {
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
