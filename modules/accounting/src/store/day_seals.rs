//! The table `day_seals`: what the transfers of a closed day come to, and a digest of them.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::postgres::PgConnection;

use crate::domain::DaySeal;

/// Locks the first closed day without a seal. `None` if there is none, or if other transactions
/// are sealing all of them.
pub async fn lock_unsealed_day(connection: &mut PgConnection) -> Result<Option<NaiveDate>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select business_day
        from accounting.days as day
        where closed_at is not null
            and not exists (
                select
                from accounting.day_seals
                where business_day = day.business_day
            )
        order by business_day
        limit 1
        for update skip locked
        "
    )
    .fetch_optional(connection)
    .await
}

/// Computes the seal of a day from its transfers. Each field of a transfer is part of the digest,
/// written in a way that does not depend on the session.
pub async fn load_day_seal(connection: &mut PgConnection, day: NaiveDate) -> Result<DaySeal, sqlx::Error> {
    sqlx::query_as!(
        DaySeal,
        r#"
        select
            $1::date as "business_day!",
            coalesce(sum(transfers), 0)::bigint as "transfers!",
            coalesce(sum(change_minor), 0)::bigint as "wallets_change_minor!",
            coalesce(sum(earned_minor), 0)::bigint as "earned_minor!",
            coalesce(sum(payouts), 0)::bigint as "payouts!",
            coalesce(sum(paid_minor), 0)::bigint as "paid_minor!",
            sha256(coalesce(string_agg(digest, ''::bytea order by person_id), ''::bytea)) as "digest!"
        from (
            select
                person_id,
                count(*) as transfers,
                sum(case when credit_account = person_id then amount_minor else -amount_minor end) as change_minor,
                sum(case
                    when kind = 'payout' then 0
                    when debit_account = person_id then amount_minor
                    else -amount_minor
                end) as earned_minor,
                count(*) filter (where kind = 'payout') as payouts,
                coalesce(sum(amount_minor) filter (where kind = 'payout'), 0) as paid_minor,
                sha256(string_agg(
                    sha256(convert_to(
                        json_build_array(
                            transfer_id, business_key, kind, debit_account, credit_account, amount_minor, person_id,
                            line, balance_after_minor, task_id, reverses, reason, posted_by,
                            extract(epoch from occurred_at), extract(epoch from booked_at)
                        )::text,
                        'UTF8'
                    )),
                    ''::bytea order by line
                )) as digest
            from accounting.transfers
            where business_day = $1
            group by person_id
        ) as wallet
        "#,
        day,
    )
    .fetch_one(connection)
    .await
}

/// Stores the seal of a day, unless the day has one.
pub async fn insert_day_seal(
    connection: &mut PgConnection,
    seal: &DaySeal,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into accounting.day_seals
            (business_day, transfers, wallets_change_minor, earned_minor, payouts, paid_minor, digest, sealed_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (business_day) do nothing
        ",
        seal.business_day,
        seal.transfers,
        seal.wallets_change_minor,
        seal.earned_minor,
        seal.payouts,
        seal.paid_minor,
        seal.digest,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
