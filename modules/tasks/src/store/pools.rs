//! The table `tasks.pools`: the assignable people, one row for each change.

use chrono::{DateTime, Utc};
use contracts::PersonId;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::domain::Pool;

struct PoolRow {
    pool_id: i64,
    members: Vec<Uuid>,
}

impl From<PoolRow> for Pool {
    fn from(row: PoolRow) -> Self {
        Self { pool_id: row.pool_id, members: row.members.into_iter().map(PersonId::from).collect() }
    }
}

/// The current pool; `None` before the first person.
pub async fn load_current_pool(connection: &mut PgConnection) -> Result<Option<Pool>, sqlx::Error> {
    let row = sqlx::query_as!(
        PoolRow,
        "
        select pool_id, members
        from tasks.pools
        order by pool_id desc
        limit 1
        "
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Pool::from))
}

/// The pool with this id.
pub async fn load_pool(connection: &mut PgConnection, pool_id: i64) -> Result<Option<Pool>, sqlx::Error> {
    let row = sqlx::query_as!(PoolRow, "select pool_id, members from tasks.pools where pool_id = $1", pool_id)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(Pool::from))
}

/// When the pool with this id became the current one.
pub async fn load_pool_created_at(
    connection: &mut PgConnection,
    pool_id: i64,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar!("select created_at from tasks.pools where pool_id = $1", pool_id)
        .fetch_optional(connection)
        .await
}

/// Makes `members` the current pool.
pub async fn insert_pool(
    connection: &mut PgConnection,
    members: &[PersonId],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let members: Vec<Uuid> = members.iter().copied().map(PersonId::uuid).collect();
    sqlx::query!("insert into tasks.pools (members, created_at) values ($1, $2)", &members, now)
        .execute(connection)
        .await?;
    Ok(())
}
