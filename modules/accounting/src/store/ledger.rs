//! Writing the ledger: wallets locked in id order, a booking in one statement.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use contracts::{PersonId, TaskId, TransferId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::days::DAY_LOCK;
use crate::domain::{Posting, Totals, WalletState};

/// A posting with its place in the wallet.
pub struct NewTransfer<'a> {
    pub transfer_id: TransferId,
    pub posting: &'a Posting,
    pub line: WalletState,
}

/// What is written together.
pub struct Booking<'a> {
    pub booked_at: DateTime<Utc>,
    pub transfers: Vec<NewTransfer<'a>>,
    /// The locked wallets as they stand now.
    pub wallets: BTreeMap<PersonId, WalletState>,
    pub totals: Totals,
    /// The highest reward of each day on which one of the tasks was completed.
    pub top_rewards: BTreeMap<NaiveDate, &'a Posting>,
}

/// Gives wallets to those who have none (DOMAIN A1).
pub async fn insert_wallets(connection: &mut PgConnection, person_ids: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into accounting.wallets (person_id)
        select distinct person_id
        from unnest($1::uuid[]) as given (person_id)
        order by person_id
        on conflict (person_id) do nothing
        ",
        person_ids,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Locks the day, shared, before any of these wallets, and those in id order, so that no two batches wait for each other; creates the wallets
/// that are missing.
pub async fn open_books(
    connection: &mut PgConnection,
    person_ids: &[Uuid],
) -> Result<BTreeMap<PersonId, WalletState>, sqlx::Error> {
    let wallets = lock_wallets(connection, person_ids).await?;
    if wallets.len() == person_ids.len() {
        return Ok(wallets);
    }
    insert_wallets(connection, person_ids).await?;
    lock_wallets(connection, person_ids).await
}

/// A wallet that has changed while this waited is read again by PostgreSQL, so what is returned is as of the locks.
async fn lock_wallets(
    connection: &mut PgConnection,
    person_ids: &[Uuid],
) -> Result<BTreeMap<PersonId, WalletState>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        with day as materialized (
            select pg_advisory_xact_lock_shared($2)
        ), locked as materialized (
            select wallet.person_id, wallet.balance_minor, wallet.lines
            from day
            cross join accounting.wallets as wallet
            where wallet.person_id = any($1)
            order by wallet.person_id
            for update of wallet
        )
        select
            coalesce(array_agg(person_id), '{}') as "people!",
            coalesce(array_agg(balance_minor), '{}') as "balances!",
            coalesce(array_agg(lines), '{}') as "lines!"
        from locked
        "#,
        person_ids,
        DAY_LOCK,
    )
    .fetch_one(connection)
    .await?;
    let states = row.balances.into_iter().zip(row.lines);
    let states = states.map(|(balance_minor, lines)| WalletState { balance_minor, lines });
    Ok(row.people.into_iter().map(PersonId::from).zip(states).collect())
}

/// Writes a booking into the open day: its lines, the wallets, what the day comes to, in a row of this session's own so that nobody waits
/// for it, and each day's most expensive task if it is among these; a day that has a better one is not locked.
///
/// To be called under the locks of `open_books`: only then is it certain which day is open. False before the first start, when none is:
/// nothing was written. A posting that is booked violates `transfers_business_key_unique`.
pub async fn write_booking(connection: &mut PgConnection, booking: &Booking<'_>) -> Result<bool, sqlx::Error> {
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
    sqlx::query_scalar!(
        r#"
        with today as materialized (
            select business_day
            from accounting.days
            where closed_at is null
        ), booked as (
            insert into accounting.transfers (
                transfer_id, business_key, kind, debit_account, credit_account, amount_minor, person_id, line,
                balance_after_minor, task_id, reverses, reason, posted_by, occurred_at, booked_at, business_day
            )
            select new.*, $15, today.business_day
            from today
            cross join unnest(
                $1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::bigint[], $7::uuid[], $8::bigint[],
                $9::bigint[], $10::uuid[], $11::uuid[], $12::text[], $13::uuid[], $14::timestamptz[]
            ) as new
        ), settled as (
            update accounting.wallets as wallet
            set balance_minor = new.balance_minor,
                lines = new.lines
            from unnest($16::uuid[], $17::bigint[], $18::bigint[]) as new (person_id, balance_minor, lines)
            where wallet.person_id = new.person_id
                and exists (select from today)
        ), topped as (
            insert into accounting.top_tasks as kept (completed_on, task_id, reward_minor, completed_at, completed_by)
            select new.*
            from unnest($24::date[], $25::uuid[], $26::bigint[], $27::timestamptz[], $28::uuid[])
                as new (completed_on, task_id, reward_minor, completed_at, completed_by)
            where (
                select (-reward_minor, completed_at, task_id) <= (-new.reward_minor, new.completed_at, new.task_id)
                from accounting.top_tasks
                where completed_on = new.completed_on
            ) is not true
                and exists (select from today)
            on conflict (completed_on) do update
                set task_id = excluded.task_id,
                    reward_minor = excluded.reward_minor,
                    completed_at = excluded.completed_at,
                    completed_by = excluded.completed_by
                where (-excluded.reward_minor, excluded.completed_at, excluded.task_id)
                    < (-kept.reward_minor, kept.completed_at, kept.task_id)
        ), totalled as (
            insert into accounting.day_totals as kept (
                business_day, stripe, fees_minor, rewards_minor, reversed_fees_minor, reversed_rewards_minor,
                wallets_below_zero_change
            )
            select business_day, (pg_backend_pid() % 16)::smallint, $19, $20, $21, $22, $23
            from today
            on conflict (business_day, stripe) do update
                set fees_minor = kept.fees_minor + excluded.fees_minor,
                    rewards_minor = kept.rewards_minor + excluded.rewards_minor,
                    reversed_fees_minor = kept.reversed_fees_minor + excluded.reversed_fees_minor,
                    reversed_rewards_minor = kept.reversed_rewards_minor + excluded.reversed_rewards_minor,
                    wallets_below_zero_change = kept.wallets_below_zero_change + excluded.wallets_below_zero_change
        )
        select exists (select from today) as "is_written!"
        "#,
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

/// Those of the keys that are booked.
pub async fn load_booked_keys(
    connection: &mut PgConnection,
    business_keys: &[&str],
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select business_key
        from accounting.transfers
        where business_key = any($1)
        ",
        business_keys as &[&str],
    )
    .fetch_all(connection)
    .await
}
