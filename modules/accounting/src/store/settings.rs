//! The table `settings`: the currency, the time zone and the seed of the prices.

use sqlx::postgres::PgConnection;

use crate::domain::{LedgerSettings, Policy};

/// Stores currency, time zone and the seed of the prices, unless an earlier start did.
pub async fn insert_settings(
    connection: &mut PgConnection,
    policy: &Policy,
    price_seed: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into accounting.settings as stored (currency, currency_exponent, time_zone, price_seed)
        values ($1, $2, $3, $4)
        on conflict (singleton) do update
            set price_seed = excluded.price_seed
            where stored.price_seed is null
        ",
        policy.currency.code(),
        i16::from(policy.exponent),
        policy.time_zone.name(),
        price_seed,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Returns the settings of the ledger.
pub async fn load_settings(connection: &mut PgConnection) -> Result<LedgerSettings, sqlx::Error> {
    sqlx::query_as!(
        LedgerSettings,
        r#"select currency, time_zone, price_seed as "price_seed!" from accounting.settings"#
    )
    .fetch_one(connection)
    .await
}

/// Returns the currency of the ledger. `None` before the first start.
pub async fn load_currency(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!("select currency from accounting.settings").fetch_optional(connection).await
}

/// Replaces the time zone. Days that are open now end in the new one.
pub async fn update_time_zone(connection: &mut PgConnection, policy: &Policy) -> Result<(), sqlx::Error> {
    sqlx::query!("update accounting.settings set time_zone = $1", policy.time_zone.name()).execute(connection).await?;
    Ok(())
}
