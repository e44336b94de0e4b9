//! The schema `accounting_report` in the database `accounting`: every figure that is about money.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::DateRange;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{CompletedTask, DayEarnings, DayWallets, OpenDay};

struct CompletedTaskRow {
    completed_on: NaiveDate,
    task_id: Uuid,
    title: String,
    reference: Option<String>,
    reward_minor: i64,
    completed_at: DateTime<Utc>,
    completed_by: Uuid,
}

impl From<CompletedTaskRow> for CompletedTask {
    fn from(row: CompletedTaskRow) -> Self {
        Self {
            completed_on: row.completed_on,
            task_id: row.task_id.into(),
            title: row.title,
            reference: row.reference,
            reward_minor: row.reward_minor,
            completed_at: row.completed_at,
            completed_by: row.completed_by.into(),
        }
    }
}

/// The currency of all amounts; `None` before the first startup of accounting.
pub async fn load_currency(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select currency as "currency!"
         from accounting_report.settings"#
    )
    .fetch_optional(connection)
    .await
}

/// The open business day; `None` before the first startup of accounting.
pub async fn load_open_day(connection: &mut PgConnection) -> Result<Option<OpenDay>, sqlx::Error> {
    sqlx::query_as!(
        OpenDay,
        r#"select business_day as "business_day!", earned_minor as "earned_minor!"
         from accounting_report.day_figures
         where not is_closed"#
    )
    .fetch_optional(connection)
    .await
}

/// Number of wallets whose balance is below zero now.
pub async fn count_wallets_below_zero(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select wallets as "wallets!"
         from accounting_report.wallets_below_zero"#
    )
    .fetch_one(connection)
    .await
}

/// The earnings of each business day of the range, the earliest day first.
pub async fn list_day_earnings(
    connection: &mut PgConnection,
    range: DateRange,
) -> Result<Vec<DayEarnings>, sqlx::Error> {
    sqlx::query_as!(
        DayEarnings,
        r#"select business_day as "business_day!", is_closed as "is_closed!", earned_minor as "earned_minor!",
             fees_minor as "fees_minor!", rewards_minor as "rewards_minor!",
             reversed_fees_minor as "reversed_fees_minor!", reversed_rewards_minor as "reversed_rewards_minor!"
         from accounting_report.day_figures
         where business_day between $1 and $2
         order by business_day"#,
        range.from(),
        range.to()
    )
    .fetch_all(connection)
    .await
}

/// The sum of the earnings of the range, in minor units.
pub async fn load_total_earned(connection: &mut PgConnection, range: DateRange) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select coalesce(sum(earned_minor), 0)::bigint as "earned_minor!"
         from accounting_report.day_figures
         where business_day between $1 and $2"#,
        range.from(),
        range.to()
    )
    .fetch_one(connection)
    .await
}

/// Number of wallets below zero on each business day of the range, the earliest day first. The open
/// day gets the number `now`.
pub async fn list_day_wallets(
    connection: &mut PgConnection,
    range: DateRange,
    now: i64,
) -> Result<Vec<DayWallets>, sqlx::Error> {
    sqlx::query_as!(
        DayWallets,
        r#"select business_day as "business_day!", is_closed as "is_closed!",
             coalesce(wallets_below_zero, $3) as "wallets!"
         from accounting_report.day_figures
         where business_day between $1 and $2
         order by business_day"#,
        range.from(),
        range.to(),
        now
    )
    .fetch_all(connection)
    .await
}

/// The most expensive task of each day of the range, the earliest day first. Days without a
/// completed task are left out.
pub async fn list_top_tasks(
    connection: &mut PgConnection,
    range: DateRange,
) -> Result<Vec<CompletedTask>, sqlx::Error> {
    let rows = sqlx::query_as!(
        CompletedTaskRow,
        r#"select completed_on as "completed_on!", task_id as "task_id!", title as "title!", reference,
             reward_minor as "reward_minor!", completed_at as "completed_at!", completed_by as "completed_by!"
         from accounting_report.top_task_per_day
         where completed_on between $1 and $2
         order by completed_on"#,
        range.from(),
        range.to()
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(CompletedTask::from).collect())
}
