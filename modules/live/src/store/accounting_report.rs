//! The schema `accounting_report` in the database `accounting`: the wallets.

use contracts::PersonId;
use sqlx::PgConnection;
use uuid::Uuid;

/// Number of the lines of each of these people's wallets. People without a wallet are left out.
///
/// The macros of sqlx know one database for each crate. This query is on the other one, so a test
/// checks it instead of a macro.
pub async fn list_wallet_lines(
    connection: &mut PgConnection,
    people: &[PersonId],
) -> Result<Vec<(PersonId, i64)>, sqlx::Error> {
    let ids: Vec<Uuid> = people.iter().map(|person| person.uuid()).collect();
    let lines: Vec<(Uuid, i64)> = sqlx::query_as(
        "select person_id, lines
         from accounting_report.wallet_lines
         where person_id = any($1)",
    )
    .bind(&ids)
    .fetch_all(connection)
    .await?;
    Ok(lines.into_iter().map(|(id, lines)| (id.into(), lines)).collect())
}
