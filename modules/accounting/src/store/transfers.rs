//! The table `transfers`: the ledger. Its rows are inserted and read, never updated or deleted.

use chrono::{DateTime, NaiveDate, Utc};
use contracts::{PersonId, TaskId, TransferId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::{BookedPayout, Booking, Transfer, TransferKind, TransfersFilter};

struct TransferRow {
    transfer_id: Uuid,
    kind: String,
    person_id: Uuid,
    person_name: Option<String>,
    line: i64,
    change_minor: i64,
    balance_after_minor: i64,
    task_id: Option<Uuid>,
    title: Option<String>,
    reverses: Option<Uuid>,
    reversed_by: Option<Uuid>,
    reason: Option<String>,
    occurred_at: DateTime<Utc>,
    booked_at: DateTime<Utc>,
    business_day: NaiveDate,
}

impl From<TransferRow> for Transfer {
    fn from(row: TransferRow) -> Self {
        Self {
            transfer_id: row.transfer_id.into(),
            kind: TransferKind::from_stored(&row.kind),
            person_id: row.person_id.into(),
            person_name: row.person_name,
            line: row.line,
            change_minor: row.change_minor,
            balance_after_minor: row.balance_after_minor,
            task_id: row.task_id.map(TaskId::from),
            title: row.title,
            reverses: row.reverses.map(TransferId::from),
            reversed_by: row.reversed_by.map(TransferId::from),
            reason: row.reason,
            occurred_at: row.occurred_at,
            booked_at: row.booked_at,
            business_day: row.business_day,
        }
    }
}

/// Writes a booking into the open day, in one statement: its transfers, the wallets, the day's
/// totals, and the most expensive task of a day if the booking contains it.
///
/// Each session adds to a row of totals of its own, so sessions do not wait for each other. A day
/// whose stored task is more expensive is not locked.
///
/// The caller holds the locks of `lock_wallets`: only they make certain which day is open. Returns
/// false if no day is open, which is so before the first start; nothing is written then. A posting
/// that is already booked violates `transfers_business_key_unique`.
pub async fn insert_booking(connection: &mut PgConnection, booking: &Booking<'_>) -> Result<bool, sqlx::Error> {
    let Booking { booked_at, transfers, wallets, totals, top_rewards } = booking;
    let ids: Vec<Uuid> = transfers.iter().map(|new| new.transfer_id.uuid()).collect();
    let keys: Vec<&str> = transfers.iter().map(|new| new.posting.business_key.as_str()).collect();
    let kinds: Vec<&str> = transfers.iter().map(|new| new.posting.kind.as_str()).collect();
    let (debits, credits): (Vec<Uuid>, Vec<Uuid>) = transfers.iter().map(|new| new.posting.accounts()).unzip();
    let amounts: Vec<i64> = transfers.iter().map(|new| new.posting.wallet_change_minor.saturating_abs()).collect();
    let people: Vec<Uuid> = transfers.iter().map(|new| new.posting.person_id.uuid()).collect();
    let lines: Vec<i64> = transfers.iter().map(|new| new.line.lines).collect();
    let balances: Vec<i64> = transfers.iter().map(|new| new.line.balance_minor).collect();
    let tasks: Vec<Option<Uuid>> = transfers.iter().map(|new| new.posting.task_id.map(TaskId::uuid)).collect();
    let reversed: Vec<Option<Uuid>> = transfers.iter().map(|new| new.posting.reverses.map(TransferId::uuid)).collect();
    let reasons: Vec<Option<&str>> = transfers.iter().map(|new| new.posting.reason.as_deref()).collect();
    let posters: Vec<Option<Uuid>> = transfers.iter().map(|new| new.posting.posted_by.map(PersonId::uuid)).collect();
    let occurred: Vec<DateTime<Utc>> = transfers.iter().map(|new| new.posting.occurred_at).collect();
    let owners: Vec<Uuid> = wallets.keys().map(|person_id| person_id.uuid()).collect();
    let new_balances: Vec<i64> = wallets.values().map(|wallet| wallet.balance_minor).collect();
    let new_lines: Vec<i64> = wallets.values().map(|wallet| wallet.lines).collect();
    let top_days: Vec<NaiveDate> = top_rewards.keys().copied().collect();
    let top_tasks: Vec<Option<Uuid>> = top_rewards.values().map(|reward| reward.task_id.map(TaskId::uuid)).collect();
    let top_amounts: Vec<i64> = top_rewards.values().map(|reward| reward.wallet_change_minor).collect();
    let top_times: Vec<DateTime<Utc>> = top_rewards.values().map(|reward| reward.occurred_at).collect();
    let top_people: Vec<Uuid> = top_rewards.values().map(|reward| reward.person_id.uuid()).collect();
    sqlx::query_file_scalar!(
        "src/store/insert_booking.sql",
        &ids,
        &keys as &[&str],
        &kinds as &[&str],
        &debits,
        &credits,
        &amounts,
        &people,
        &lines,
        &balances,
        &tasks as &[Option<Uuid>],
        &reversed as &[Option<Uuid>],
        &reasons as &[Option<&str>],
        &posters as &[Option<Uuid>],
        &occurred,
        booked_at,
        &owners,
        &new_balances,
        &new_lines,
        totals.fees_minor,
        totals.rewards_minor,
        totals.reversed_fees_minor,
        totals.reversed_rewards_minor,
        totals.wallets_below_zero_change,
        &top_days,
        &top_tasks as &[Option<Uuid>],
        &top_amounts,
        &top_times,
        &top_people,
    )
    .fetch_one(connection)
    .await
}

/// Returns those of the business keys that are booked, each with whether its transfer is withdrawn.
pub async fn list_booked_keys(
    connection: &mut PgConnection,
    business_keys: &[&str],
) -> Result<Vec<(String, bool)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select line.business_key as "business_key!", withdrawal.transfer_id is not null as "is_withdrawn!"
        from accounting.transfers as line
        left join accounting.withdrawals as withdrawal on withdrawal.transfer_id = line.transfer_id
        where line.business_key = any($1)
        "#,
        business_keys as &[&str],
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.business_key, row.is_withdrawn)).collect())
}

/// Returns transfers of a wallet from the day `from` on, before a day and line, latest first.
pub async fn list_transfers(
    connection: &mut PgConnection,
    filter: TransfersFilter,
    from: NaiveDate,
    (before_day, before_line): (NaiveDate, i64),
    limit: i64,
) -> Result<Vec<Transfer>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "
        select transfer_id
        from accounting.transfers
        where person_id = $1
            and (business_day, line) < ($2, $3)
            and business_day >= $4
            and ($5::text is null or kind = $5)
        order by business_day desc, line desc
        limit $6
        ",
        filter.person_id.uuid(),
        before_day,
        before_line,
        from,
        filter.kind.map(TransferKind::as_str),
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    list_transfers_by_id(connection, &ids).await
}

/// Returns a wallet's transfers of one day after `after_line`, in ledger order.
pub async fn list_transfers_of_day(
    connection: &mut PgConnection,
    person_id: PersonId,
    business_day: NaiveDate,
    after_line: i64,
    limit: i64,
) -> Result<Vec<Transfer>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "
        select transfer_id
        from accounting.transfers
        where person_id = $1
            and business_day = $2
            and line > $3
        order by line
        limit $4
        ",
        person_id.uuid(),
        business_day,
        after_line,
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    list_transfers_by_id(connection, &ids).await
}

/// Returns the transfers of a day, of one kind or of any, before `before`, latest first.
pub async fn list_transfers_of_all(
    connection: &mut PgConnection,
    business_day: NaiveDate,
    kind: Option<TransferKind>,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Transfer>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "
        select transfer_id
        from accounting.transfers
        where business_day = $1
            and transfer_id < $2
            and ($3::text is null or kind = $3)
        order by transfer_id desc
        limit $4
        ",
        business_day,
        before,
        kind.map(TransferKind::as_str),
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    list_transfers_by_id(connection, &ids).await
}

/// Returns the transfers of a task after `after`, in the order of their bookings.
pub async fn list_transfers_of_task(
    connection: &mut PgConnection,
    task_id: TaskId,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Transfer>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "
        select transfer_id
        from accounting.transfers
        where task_id = $1
            and transfer_id > $2
        order by transfer_id
        limit $3
        ",
        task_id.uuid(),
        after,
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    list_transfers_by_id(connection, &ids).await
}

/// Returns payouts from the day `from` on, before a day and person: latest day first, then by
/// person in descending order.
pub async fn list_payouts(
    connection: &mut PgConnection,
    from: NaiveDate,
    (before_day, before_person): (NaiveDate, Uuid),
    limit: i64,
) -> Result<Vec<Transfer>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "
        select transfer_id
        from accounting.transfers
        where kind = 'payout'
            and (business_day, person_id) < ($1, $2)
            and business_day >= $3
        order by business_day desc, person_id desc
        limit $4
        ",
        before_day,
        before_person,
        from,
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    list_transfers_by_id(connection, &ids).await
}

/// The same for one person, from the lines of the person's wallet.
pub async fn list_payouts_of_person(
    connection: &mut PgConnection,
    person_id: PersonId,
    from: NaiveDate,
    (before_day, before_person): (NaiveDate, Uuid),
    limit: i64,
) -> Result<Vec<Transfer>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "
        select transfer_id
        from accounting.transfers
        where person_id = $1
            and business_day between $2 and $3
            and (business_day, person_id) < ($3, $4)
            and kind = 'payout'
        order by business_day desc, line desc
        limit $5
        ",
        person_id.uuid(),
        from,
        before_day,
        before_person,
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    list_transfers_by_id(connection, &ids).await
}

/// Returns one transfer.
pub async fn load_transfer(
    connection: &mut PgConnection,
    transfer_id: TransferId,
) -> Result<Option<Transfer>, sqlx::Error> {
    Ok(list_transfers_by_id(connection, &[transfer_id.uuid()]).await?.pop())
}

/// Returns these transfers in the given order.
pub async fn list_transfers_by_id(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Transfer>, sqlx::Error> {
    let rows = sqlx::query_as!(
        TransferRow,
        r#"
        select
            line.transfer_id, line.kind, line.person_id, line.line, line.balance_after_minor, line.task_id,
            line.reverses, line.reason, line.occurred_at, line.booked_at, line.business_day,
            case when line.credit_account = line.person_id then line.amount_minor else -line.amount_minor end
                as "change_minor!",
            reversal.transfer_id as "reversed_by?",
            price.title as "title?",
            person.name as "person_name?"
        from unnest($1::uuid[]) with ordinality as input (transfer_id, place)
        join accounting.transfers as line on line.transfer_id = input.transfer_id
        left join accounting.transfers as reversal on reversal.business_key = 'correction:' || line.transfer_id::text
        left join accounting.prices as price on price.task_id = line.task_id
        left join accounting.people as person on person.person_id = line.person_id
        order by input.place
        "#,
        ids,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Transfer::from).collect())
}

/// Returns the payouts after a day and person, in this order.
pub async fn list_booked_payouts(
    connection: &mut PgConnection,
    (after_day, after_person): (NaiveDate, Uuid),
    rows: i64,
) -> Result<Vec<BookedPayout>, sqlx::Error> {
    let rows = sqlx::query!(
        "
        select transfer_id, person_id, business_day, amount_minor, booked_at
        from accounting.transfers
        where kind = 'payout'
            and (business_day, person_id) > ($1, $2)
        order by business_day, person_id
        limit $3
        ",
        after_day,
        after_person,
        rows,
    )
    .fetch_all(connection)
    .await?;
    let payouts = rows.into_iter().map(|row| BookedPayout {
        transfer_id: row.transfer_id.into(),
        person_id: row.person_id.into(),
        business_day: row.business_day,
        amount_minor: row.amount_minor,
        booked_at: row.booked_at,
    });
    Ok(payouts.collect())
}
