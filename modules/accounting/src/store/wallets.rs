//! The table `wallets`: balances, and the locks that every booking takes.

use std::collections::BTreeMap;

use contracts::PersonId;
use kernel::ListPosition;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::days::DAY_LOCK;
use crate::domain::{DuePayout, DueWallet, PositiveBalances, Wallet, WalletState, WalletsFilter};

/// Creates the wallets that do not exist yet (DOMAIN A1).
pub async fn insert_wallets(connection: &mut PgConnection, person_ids: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into accounting.wallets (person_id)
        select distinct person_id
        from unnest($1::uuid[]) as input (person_id)
        order by person_id
        on conflict (person_id) do nothing
        ",
        person_ids,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes the day's lock, shared, and then locks these wallets in id order, so that two batches
/// cannot deadlock. Creates the wallets that do not exist yet.
pub async fn lock_wallets(
    connection: &mut PgConnection,
    person_ids: &[Uuid],
) -> Result<BTreeMap<PersonId, WalletState>, sqlx::Error> {
    let wallets = lock_existing_wallets(connection, person_ids).await?;
    if wallets.len() == person_ids.len() {
        return Ok(wallets);
    }
    insert_wallets(connection, person_ids).await?;
    lock_existing_wallets(connection, person_ids).await
}

/// If a wallet changes while this statement waits for its lock, PostgreSQL reads it again. So the
/// returned states are those at the time of the locks.
async fn lock_existing_wallets(
    connection: &mut PgConnection,
    person_ids: &[Uuid],
) -> Result<BTreeMap<PersonId, WalletState>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        with day_lock as materialized (
            select pg_advisory_xact_lock_shared($2)
        ), locked_wallets as materialized (
            select wallet.person_id, wallet.balance_minor, wallet.lines
            from day_lock
            cross join accounting.wallets as wallet
            where wallet.person_id = any($1)
            order by wallet.person_id
            for update of wallet
        )
        select
            coalesce(array_agg(person_id), '{}') as "people!",
            coalesce(array_agg(balance_minor), '{}') as "balances!",
            coalesce(array_agg(lines), '{}') as "lines!"
        from locked_wallets
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

/// Locks wallets above zero after `after`, in id order.
pub async fn lock_positive_wallets(
    connection: &mut PgConnection,
    after: Uuid,
    limit: i64,
) -> Result<Vec<DueWallet>, sqlx::Error> {
    sqlx::query_as!(
        DueWallet,
        "
        select person_id, balance_minor
        from accounting.wallets
        where balance_minor > 0
            and person_id > $1
        order by person_id
        limit $2
        for update
        ",
        after,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// Returns wallets above zero after `after` with their owners, in id order.
pub async fn list_due_payouts(
    connection: &mut PgConnection,
    after: Uuid,
    limit: i64,
) -> Result<Vec<DuePayout>, sqlx::Error> {
    sqlx::query_as!(
        DuePayout,
        r#"
        select wallet.person_id, person.name as "name?", wallet.balance_minor
        from accounting.wallets as wallet
        left join accounting.people as person on person.person_id = wallet.person_id
        where wallet.balance_minor > 0
            and wallet.person_id > $1
        order by wallet.person_id
        limit $2
        "#,
        after,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// Returns the number of wallets above zero and the sum of their balances.
pub async fn load_positive_balances(connection: &mut PgConnection) -> Result<PositiveBalances, sqlx::Error> {
    sqlx::query_as!(
        PositiveBalances,
        r#"
        select count(*) as "wallets!", coalesce(sum(balance_minor), 0)::bigint as "balance_minor!"
        from accounting.wallets
        where balance_minor > 0
        "#
    )
    .fetch_one(connection)
    .await
}

/// Counts the wallets below zero.
pub async fn count_wallets_below_zero(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from accounting.wallets
        where balance_minor < 0
        "#
    )
    .fetch_one(connection)
    .await
}

/// Returns wallets after `after` that match the filter, in the order of their owners' ids.
pub async fn list_wallets(
    connection: &mut PgConnection,
    filter: &WalletsFilter,
    after: Option<PersonId>,
    limit: i64,
) -> Result<Vec<Wallet>, sqlx::Error> {
    let people = sqlx::query_scalar!(
        "
        select wallet.person_id
        from accounting.wallets as wallet
        left join accounting.people as person on person.person_id = wallet.person_id
        where wallet.person_id > $1
            and (not $2 or wallet.balance_minor < 0)
            and ($3::text is null or strpos(lower(person.name), lower($3)) > 0)
        order by wallet.person_id
        limit $4
        ",
        after.map(PersonId::uuid).unwrap_or_default(),
        filter.below_zero,
        filter.search,
        limit,
    )
    .fetch_all(&mut *connection)
    .await?;
    sqlx::query_as!(
        Wallet,
        r#"
        select person_id as "person_id!", name, balance_minor as "balance_minor!", today_minor as "today_minor!"
        from accounting.shown_wallets
        where person_id = any($1)
        order by person_id
        "#,
        &people,
    )
    .fetch_all(connection)
    .await
}

/// The same in the order of their owners' names. A wallet whose owner has no name yet comes first.
/// One statement, so that the name by which a wallet is found is the one that is returned.
pub async fn list_wallets_by_name(
    connection: &mut PgConnection,
    filter: &WalletsFilter,
    after: Option<&ListPosition<PersonId>>,
    limit: i64,
) -> Result<Vec<Wallet>, sqlx::Error> {
    sqlx::query_as!(
        Wallet,
        r#"
        with page as (
            select wallet.person_id, lower(coalesce(person.name, '')) as name_key
            from accounting.wallets as wallet
            left join accounting.people as person on person.person_id = wallet.person_id
            where ($1::uuid is null or (lower(coalesce(person.name, '')), wallet.person_id) > (lower($5), $1))
                and (not $2 or wallet.balance_minor < 0)
                and ($3::text is null or strpos(lower(person.name), lower($3)) > 0)
            order by name_key, wallet.person_id
            limit $4
        )
        select shown.person_id as "person_id!", shown.name, shown.balance_minor as "balance_minor!",
            shown.today_minor as "today_minor!"
        from page
        join accounting.shown_wallets as shown on shown.person_id = page.person_id
        order by page.name_key, page.person_id
        "#,
        after.map(|after| after.id().uuid()),
        filter.below_zero,
        filter.search,
        limit,
        after.and_then(ListPosition::name),
    )
    .fetch_all(connection)
    .await
}

/// Returns one wallet. `list_wallets` does not serve for that: PostgreSQL does not know the length
/// of a list parameter and would plan the statement again for each call.
pub async fn load_wallet(connection: &mut PgConnection, person_id: PersonId) -> Result<Option<Wallet>, sqlx::Error> {
    sqlx::query_as!(
        Wallet,
        r#"
        select person_id as "person_id!", name, balance_minor as "balance_minor!", today_minor as "today_minor!"
        from accounting.shown_wallets
        where person_id = $1
        "#,
        person_id.uuid(),
    )
    .fetch_optional(connection)
    .await
}
