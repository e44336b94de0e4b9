//! Writing the ledger: wallets in id order, transfers and totals in sets.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use contracts::{PersonId, TaskId, TransferId};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::{Posting, Totals, WalletState};

/// A posting with its place in the wallet.
pub struct NewTransfer<'a> {
    pub transfer_id: TransferId,
    pub posting: &'a Posting,
    pub line: WalletState,
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

/// Locks these wallets in id order, so that no two batches wait for each other; creates those that are missing.
pub async fn lock_wallets(
    connection: &mut PgConnection,
    person_ids: &[Uuid],
) -> Result<BTreeMap<PersonId, WalletState>, sqlx::Error> {
    let locked = select_wallets_for_update(connection, person_ids).await?;
    if locked.len() == person_ids.len() {
        return Ok(locked);
    }
    insert_wallets(connection, person_ids).await?;
    select_wallets_for_update(connection, person_ids).await
}

async fn select_wallets_for_update(
    connection: &mut PgConnection,
    person_ids: &[Uuid],
) -> Result<BTreeMap<PersonId, WalletState>, sqlx::Error> {
    let rows = sqlx::query!(
        "
        select person_id, balance_minor, lines
        from accounting.wallets
        where person_id = any($1)
        order by person_id
        for update
        ",
        person_ids,
    )
    .fetch_all(connection)
    .await?;
    let state = |balance_minor, lines| WalletState { balance_minor, lines };
    Ok(rows.into_iter().map(|row| (row.person_id.into(), state(row.balance_minor, row.lines))).collect())
}

/// Of these business keys, those that are booked.
pub async fn load_known_keys(connection: &mut PgConnection, keys: &[&str]) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select business_key
        from accounting.transfers
        where business_key = any($1)
        ",
        keys as &[&str],
    )
    .fetch_all(connection)
    .await
}

pub async fn insert_transfers(
    connection: &mut PgConnection,
    transfers: &[NewTransfer<'_>],
    business_day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
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
    sqlx::query!(
        "
        insert into accounting.transfers (
            transfer_id, business_key, kind, debit_account, credit_account, amount_minor, person_id, line,
            balance_after_minor, task_id, reverses, reason, posted_by, occurred_at, booked_at, business_day
        )
        select new.*, $15, $16
        from unnest(
            $1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::bigint[], $7::uuid[], $8::bigint[],
            $9::bigint[], $10::uuid[], $11::uuid[], $12::text[], $13::uuid[], $14::timestamptz[]
        ) as new
        ",
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
        now,
        business_day,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes how locked wallets stand now.
pub async fn update_wallets(
    connection: &mut PgConnection,
    wallets: &BTreeMap<PersonId, WalletState>,
) -> Result<(), sqlx::Error> {
    let people: Vec<Uuid> = wallets.keys().map(|person_id| person_id.uuid()).collect();
    let balances: Vec<i64> = wallets.values().map(|wallet| wallet.balance_minor).collect();
    let lines: Vec<i64> = wallets.values().map(|wallet| wallet.lines).collect();
    sqlx::query!(
        "
        update accounting.wallets as wallet
        set balance_minor = new.balance_minor,
            lines = new.lines
        from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as new (person_id, balance_minor, lines)
        where wallet.person_id = new.person_id
        ",
        &people,
        &balances,
        &lines,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds to what a day comes to, in this session's own row so that nobody waits for it.
pub async fn add_day_totals(
    connection: &mut PgConnection,
    business_day: NaiveDate,
    totals: &Totals,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into accounting.day_totals as kept
            (business_day, stripe, fees_minor, rewards_minor, reversed_fees_minor, reversed_rewards_minor)
        values ($1, (pg_backend_pid() % 16)::smallint, $2, $3, $4, $5)
        on conflict (business_day, stripe) do update
            set fees_minor = kept.fees_minor + excluded.fees_minor,
                rewards_minor = kept.rewards_minor + excluded.rewards_minor,
                reversed_fees_minor = kept.reversed_fees_minor + excluded.reversed_fees_minor,
                reversed_rewards_minor = kept.reversed_rewards_minor + excluded.reversed_rewards_minor
        ",
        business_day,
        totals.fees_minor,
        totals.rewards_minor,
        totals.reversed_fees_minor,
        totals.reversed_rewards_minor,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes this the most expensive task of the day if it is; a day that has a better one is not locked.
pub async fn keep_top_task(
    connection: &mut PgConnection,
    completed_on: NaiveDate,
    reward: &Posting,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into accounting.top_tasks as kept (completed_on, task_id, reward_minor, completed_at, completed_by)
        select $1::date, $2::uuid, $3::bigint, $4::timestamptz, $5::uuid
        where not exists (
            select
            from accounting.top_tasks
            where completed_on = $1
                and (-reward_minor, completed_at, task_id) <= (-$3::bigint, $4::timestamptz, $2::uuid)
        )
        on conflict (completed_on) do update
            set task_id = excluded.task_id,
                reward_minor = excluded.reward_minor,
                completed_at = excluded.completed_at,
                completed_by = excluded.completed_by
            where (-excluded.reward_minor, excluded.completed_at, excluded.task_id)
                < (-kept.reward_minor, kept.completed_at, kept.task_id)
        ",
        completed_on,
        reward.task_id.map(TaskId::uuid),
        reward.wallet_change_minor,
        reward.occurred_at,
        reward.person_id.uuid(),
    )
    .execute(connection)
    .await?;
    Ok(())
}
