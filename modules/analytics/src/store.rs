//! All SQL: selects on the views that accounting and tasks publish for reporting, and on nothing else.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use contracts::PersonId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{CompletedTask, DateRange};

/// The business day that is open; there is exactly one.
pub(crate) struct OpenDayRow {
    pub business_day: NaiveDate,
    pub earned_minor: i64,
}

/// One business day's figures; amounts in minor units.
pub(crate) struct DayRow {
    pub business_day: NaiveDate,
    pub is_closed: bool,
    pub earned_minor: i64,
    pub fees_minor: i64,
    pub rewards_minor: i64,
    pub reversed_fees_minor: i64,
    pub reversed_rewards_minor: i64,
}

/// How many wallets were below zero at the end of a closed day, or are now for the open one.
pub(crate) struct WalletsRow {
    pub business_day: NaiveDate,
    pub is_closed: bool,
    pub wallets: i64,
}

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

/// The currency of all amounts; none before accounting's first start.
pub(crate) async fn select_currency(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select currency as "currency!"
         from accounting_report.settings"#
    )
    .fetch_optional(connection)
    .await
}

pub(crate) async fn select_open_day(connection: &mut PgConnection) -> Result<Option<OpenDayRow>, sqlx::Error> {
    sqlx::query_as!(
        OpenDayRow,
        r#"select business_day as "business_day!", earned_minor as "earned_minor!"
         from accounting_report.day_figures
         where not is_closed"#
    )
    .fetch_optional(connection)
    .await
}

pub(crate) async fn select_wallets_below_zero_now(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select wallets as "wallets!"
         from accounting_report.wallets_below_zero"#
    )
    .fetch_one(connection)
    .await
}

/// The range's business days, the earliest first.
pub(crate) async fn select_days(connection: &mut PgConnection, range: DateRange) -> Result<Vec<DayRow>, sqlx::Error> {
    sqlx::query_as!(
        DayRow,
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

/// What was earned over the range, in minor units.
pub(crate) async fn sum_earned(connection: &mut PgConnection, range: DateRange) -> Result<i64, sqlx::Error> {
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

/// The range's business days with their wallets below zero, the earliest first; `now` stands for the open day.
pub(crate) async fn select_wallets_below_zero(
    connection: &mut PgConnection,
    range: DateRange,
    now: i64,
) -> Result<Vec<WalletsRow>, sqlx::Error> {
    sqlx::query_as!(
        WalletsRow,
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

/// The most expensive task of each day of the range that has one, the earliest day first.
pub(crate) async fn select_top_tasks(
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

/// The names of people, as far as they are known. The only query on the tracker database: the macros know one database a crate, so
/// it is checked by a test instead.
pub(crate) async fn select_names(
    connection: &mut PgConnection,
    people: &[PersonId],
) -> Result<HashMap<PersonId, String>, sqlx::Error> {
    let ids: Vec<Uuid> = people.iter().map(|person| person.uuid()).collect();
    let names: Vec<(Uuid, String)> = sqlx::query_as(
        "select person_id, name
         from tasks_report.people
         where person_id = any($1)",
    )
    .bind(&ids)
    .fetch_all(connection)
    .await?;
    Ok(names.into_iter().map(|(id, name)| (id.into(), name)).collect())
}
