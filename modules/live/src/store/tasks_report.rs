//! The schema `tasks_report` in the database `tracker`: open tasks and runs.

use contracts::PersonId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{OpenTasks, Run};

/// The number of the open tasks of each of these people, and a hash of all of them. People without
/// an open task are left out.
pub async fn list_open_tasks(
    connection: &mut PgConnection,
    people: &[PersonId],
) -> Result<Vec<(PersonId, OpenTasks)>, sqlx::Error> {
    let ids: Vec<Uuid> = people.iter().map(|person| person.uuid()).collect();
    let rows = sqlx::query!(
        r#"select person_id as "person_id!", count(*) as "open!",
             bit_xor(hashint8extended(number, 2 * assignment + is_priced::int)) as "hash!"
         from tasks_report.open_tasks
         where person_id = any($1)
         group by person_id"#,
        &ids
    )
    .fetch_all(connection)
    .await?;
    let tasks = rows.into_iter().map(|row| {
        let version = u64::from_ne_bytes(row.hash.to_ne_bytes());
        (row.person_id.into(), OpenTasks { version, open: row.open })
    });
    Ok(tasks.collect())
}

/// The runs that go on, and the one that was completed last, in the order of the requests.
pub async fn list_runs(connection: &mut PgConnection) -> Result<Vec<Run>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select requested_order as "requested_order!", reassignment_id as "reassignment_id!", status as "status!",
             total as "total!", done as "done!", reassigned as "reassigned!"
         from tasks_report.reassignments
         where status in ('queued', 'running', 'blocked')
         union all
         select *
         from (
             select requested_order, reassignment_id, status, total, done, reassigned
             from tasks_report.reassignments
             where status = 'completed'
             order by requested_order desc
             limit 1
         ) as last_completed
         order by 1"#
    )
    .fetch_all(connection)
    .await?;
    let runs = rows.into_iter().map(|row| Run {
        reassignment_id: row.reassignment_id.into(),
        status: row.status,
        total: row.total,
        done: row.done,
        reassigned: row.reassigned,
    });
    Ok(runs.collect())
}
