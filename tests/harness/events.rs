//! Events as other modules publish them, and the events in a module's outbox.

use chrono::Utc;
use contracts::events::identity::{PeopleChanged, PersonState};
use contracts::{Event, EventId, Fact, PersonId, Role};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use crate::TestDatabase;

impl TestDatabase {
    /// Every event in the outbox of `schema`, in the order of its positions.
    pub async fn outbox(&self, schema: &str) -> Vec<Event> {
        let statement = format!("select event from {schema}.outbox order by position");
        let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(&mut self.connect().await).await;
        let read = |row: sqlx::postgres::PgRow| row.get::<sqlx::types::Json<Event>, _>(0).0;
        rows.expect("the outbox can be read").into_iter().map(read).collect()
    }

    /// The facts of one type in the outbox of `schema`.
    pub async fn outbox_facts<F: Fact>(&self, schema: &str) -> Vec<F> {
        let events = self.outbox(schema).await;
        let wanted = events.iter().filter(|event| event.kind == F::TYPE);
        wanted.map(|event| event.fact().expect("a module's event can be read")).collect()
    }

    /// Deletes all events of the outbox, as if the relay had delivered them.
    pub async fn clear_outbox(&self, schema: &str) {
        let statement = format!("delete from {schema}.outbox");
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut self.connect().await)
            .await
            .expect("the outbox can be cleared");
    }
}

/// A fact in an envelope with the given id.
pub fn event<F: Fact>(id: u128, fact: &F) -> Event {
    Event::new(EventId::from(Uuid::from_u128(id)), chrono::DateTime::<Utc>::UNIX_EPOCH, fact)
        .expect("a fact can be written")
}

/// The first version of an active person whose id is `number`.
#[must_use]
pub fn person(number: u128, role: Role) -> PersonState {
    PersonState {
        person_id: PersonId::from(Uuid::from_u128(number)),
        version: 1,
        name: format!("Person {number}"),
        email: format!("person{number}@example.org"),
        role,
        active: true,
        language: None,
    }
}

/// The event that identity publishes when these people change.
pub fn people_changed(id: u128, people: Vec<PersonState>) -> Event {
    event(id, &PeopleChanged { people })
}
