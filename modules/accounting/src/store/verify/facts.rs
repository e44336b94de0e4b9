//! The reads that compare the ledger with the tasks module, in the order of the tasks' ids.

use chrono::NaiveDate;
use contracts::PersonId;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::{BookedFact, BookedFactKind, LedgerFact};

struct LedgerFactRow {
    task_id: Uuid,
    fees: i64,
    rewards: i64,
    rewarded: Option<Uuid>,
    charged: Option<String>,
    fee_minor: i64,
    reward_minor: i64,
}

impl From<LedgerFactRow> for LedgerFact {
    fn from(row: LedgerFactRow) -> Self {
        Self {
            task_id: row.task_id.into(),
            fees: row.fees,
            rewards: row.rewards,
            rewarded: row.rewarded.map(PersonId::from),
            charged: row.charged,
            fee_minor: row.fee_minor,
            reward_minor: row.reward_minor,
        }
    }
}

/// Returns the price, the fees and the reward of these tasks, or of every task, in id order,
/// without what is withdrawn. A task without a price is left out.
pub fn stream_ledger_facts<'a>(
    connection: &'a mut PgConnection,
    task_ids: Option<&'a [Uuid]>,
) -> BoxStream<'a, Result<LedgerFact, sqlx::Error>> {
    sqlx::query_as!(
        LedgerFactRow,
        r#"
        select
            price.task_id,
            price.fee_minor,
            price.reward_minor,
            count(line.transfer_id) filter (where line.kind = 'assignment_fee') as "fees!",
            count(line.transfer_id) filter (where line.kind = 'completion_reward') as "rewards!",
            (max(line.person_id::text) filter (where line.kind = 'completion_reward'))::uuid as rewarded,
            md5(string_agg(
                split_part(line.business_key, ':', 3) || '=' || line.person_id,
                ',' order by split_part(line.business_key, ':', 3)::integer
            ) filter (where line.kind = 'assignment_fee')) as charged
        from accounting.prices as price
        left join (
            select transfer_id, task_id, kind, person_id, business_key
            from accounting.transfers
            where kind in ('assignment_fee', 'completion_reward')
                and transfer_id not in (select transfer_id from accounting.withdrawals)
        ) as line on line.task_id = price.task_id
        where $1::uuid[] is null or price.task_id = any($1)
        group by price.task_id
        order by price.task_id
        "#,
        task_ids as Option<&[Uuid]>,
    )
    .fetch(connection)
    .map_ok(LedgerFact::from)
    .boxed()
}

/// Returns the tasks with a booking since this day, in id order.
pub fn stream_booked_task_ids(
    connection: &mut PgConnection,
    since: NaiveDate,
) -> BoxStream<'_, Result<Uuid, sqlx::Error>> {
    sqlx::query_scalar!(
        r#"
        select distinct task_id as "task_id!"
        from accounting.transfers
        where business_day >= $1
            and task_id is not null
        order by "task_id!"
        "#,
        since,
    )
    .fetch(connection)
    .boxed()
}

struct BookedFactRow {
    transfer_id: Uuid,
    task_id: Uuid,
    person_id: Uuid,
    amount_minor: i64,
    assignment: Option<i32>,
}

impl From<BookedFactRow> for BookedFact {
    fn from(row: BookedFactRow) -> Self {
        Self {
            transfer_id: row.transfer_id.into(),
            task_id: row.task_id.into(),
            kind: row.assignment.map_or(BookedFactKind::Completion, BookedFactKind::Assignment),
            person_id: row.person_id.into(),
            amount_minor: row.amount_minor,
        }
    }
}

/// Returns every fee and reward that is not withdrawn, in the order of the tasks' ids.
pub fn stream_booked_facts(connection: &mut PgConnection) -> BoxStream<'_, Result<BookedFact, sqlx::Error>> {
    sqlx::query_as!(
        BookedFactRow,
        r#"
        select
            transfer_id,
            task_id as "task_id!",
            person_id,
            amount_minor,
            case when kind = 'assignment_fee' then split_part(business_key, ':', 3)::integer end as assignment
        from accounting.transfers
        where kind in ('assignment_fee', 'completion_reward')
            and transfer_id not in (select transfer_id from accounting.withdrawals)
        order by task_id, line
        "#
    )
    .fetch(connection)
    .map_ok(BookedFact::from)
    .boxed()
}
