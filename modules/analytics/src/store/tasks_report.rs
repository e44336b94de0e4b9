//! The schema `tasks_report` in the database `tracker`: the names of people.

use std::collections::HashMap;

use contracts::PersonId;
use sqlx::PgConnection;
use uuid::Uuid;

/// The names of those of the people whom the tasks module knows.
///
/// The macros of sqlx know one database for each crate. This query is on the other one, so a test
/// checks it instead of a macro.
pub async fn list_names(
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
