//! The table `tasks.assignments`: every assignment of a task, with its draw.

use chrono::{DateTime, Utc};
use contracts::events::tasks::Assignment;
use contracts::{PersonId, ReassignmentId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::{NumberRange, RunAssignment, TaskAssignment};

struct AssignmentRow {
    assignment: i32,
    assignee_id: Uuid,
    assignee_name: Option<String>,
    assigned_at: DateTime<Utc>,
    pool_id: i64,
    pool_size: i32,
    seed: i64,
    draw_index: i32,
    reassignment_id: Option<Uuid>,
}

impl From<AssignmentRow> for TaskAssignment {
    fn from(row: AssignmentRow) -> Self {
        Self {
            number: row.assignment,
            assignee_id: row.assignee_id.into(),
            assignee_name: row.assignee_name,
            assigned_at: row.assigned_at,
            pool_id: row.pool_id,
            pool_size: row.pool_size,
            seed: row.seed,
            draw_index: row.draw_index,
            reassignment_id: row.reassignment_id.map(ReassignmentId::from),
        }
    }
}

/// The assignments of a task whose number is above `after`, oldest first.
pub async fn list_assignments(
    connection: &mut PgConnection,
    task_number: i64,
    after: i32,
    limit: i64,
) -> Result<Vec<TaskAssignment>, sqlx::Error> {
    let rows = sqlx::query_as!(
        AssignmentRow,
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
        task_number,
        after,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(TaskAssignment::from).collect())
}

/// The assignments by runs of the tasks in the range, in the order of tasks and assignments. Those
/// of the task before the range are included if their number is above `after_assignment`.
pub async fn list_run_assignments(
    connection: &mut PgConnection,
    range: NumberRange,
    after_assignment: i32,
    rows: i64,
) -> Result<Vec<RunAssignment>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            assigned.number,
            assigned.assignment,
            assigned.assignee_id,
            assigned.assigned_at,
            assigned.reassignment_id as "reassignment_id!",
            task.task_id
        from tasks.assignments as assigned
        join tasks.tasks as task on task.number = assigned.number
        where (assigned.number, assigned.assignment) > ($1, $2)
            and assigned.number <= $3
            and assigned.reassignment_id is not null
        order by assigned.number, assigned.assignment
        limit $4
        "#,
        range.after,
        after_assignment,
        range.until,
        rows,
    )
    .fetch_all(connection)
    .await?;
    let assignments = rows.into_iter().map(|row| RunAssignment {
        task_number: row.number,
        reassignment_id: row.reassignment_id.into(),
        assigned_at: row.assigned_at,
        assignment: Assignment {
            task_id: row.task_id.into(),
            number: row.assignment,
            assignee_id: row.assignee_id.into(),
        },
    });
    Ok(assignments.collect())
}

/// Those of the numbers of tasks whose current or former assignee is the person.
pub async fn list_assigned_numbers(
    connection: &mut PgConnection,
    task_numbers: &[i64],
    person_id: PersonId,
) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select distinct number
        from tasks.assignments
        where number = any($1)
            and assignee_id = $2
        ",
        task_numbers,
        person_id.uuid(),
    )
    .fetch_all(connection)
    .await
}
