//! The table `withdrawals`: transfers of facts that the tracker has lost.

use chrono::{DateTime, Utc};
use contracts::TaskId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::Policy;

/// Marks transfers as withdrawn. Returns those that were not.
pub async fn insert_withdrawals(
    connection: &mut PgConnection,
    transfer_ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        insert into accounting.withdrawals (transfer_id, withdrawn_at)
        select transfer_id, $2
        from unnest($1::uuid[]) as input (transfer_id)
        order by transfer_id
        on conflict (transfer_id) do nothing
        returning transfer_id
        ",
        transfer_ids,
        now,
    )
    .fetch_all(connection)
    .await
}

/// Chooses the task with the highest reward again for each day on which one of these tasks is it.
/// It reads every reward of the ledger if there is such a day.
pub async fn update_top_tasks(
    connection: &mut PgConnection,
    policy: &Policy,
    task_ids: &[TaskId],
) -> Result<(), sqlx::Error> {
    let task_ids: Vec<Uuid> = task_ids.iter().map(|id| id.uuid()).collect();
    let days = sqlx::query_scalar!("select completed_on from accounting.top_tasks where task_id = any($1)", &task_ids)
        .fetch_all(&mut *connection)
        .await?;
    if days.is_empty() {
        return Ok(());
    }
    sqlx::query!("delete from accounting.top_tasks where completed_on = any($1)", &days)
        .execute(&mut *connection)
        .await?;
    sqlx::query!(
        "
        insert into accounting.top_tasks (completed_on, task_id, reward_minor, completed_at, completed_by)
        select distinct on (completed_on) completed_on, task_id, amount_minor, occurred_at, person_id
        from (
            select (occurred_at at time zone $2)::date as completed_on, task_id, amount_minor, occurred_at, person_id
            from accounting.transfers as line
            where kind = 'completion_reward'
                and not exists (
                    select
                    from accounting.withdrawals
                    where transfer_id = line.transfer_id
                )
        ) as reward
        where completed_on = any($1)
        order by completed_on, amount_minor desc, occurred_at, task_id
        ",
        &days,
        policy.time_zone.name(),
    )
    .execute(connection)
    .await?;
    Ok(())
}
