//! Reads for `verify`.

use chrono::NaiveDate;
use sqlx::PgConnection;

use crate::domain::PAYOUT_STATEMENT;

/// For each business day since then: the number of its payout statements in any state, and a digest
/// of the ids of their recipients.
pub async fn count_statements_by_day(
    connection: &mut PgConnection,
    since: NaiveDate,
) -> Result<Vec<(NaiveDate, (i64, String))>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            business_day,
            count(*) as "mails!",
            md5(string_agg(person_id::text, ',' order by person_id)) as "people!"
        from email.mails
        where kind = $1
            and business_day >= $2
        group by business_day
        "#,
        PAYOUT_STATEMENT,
        since,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.business_day, (row.mails, row.people))).collect())
}
