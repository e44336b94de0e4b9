//! The fixture of every test: a database with a service on it, and what several tests need.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

use chrono::{DateTime, Duration, Utc};
use contracts::Role;
use contracts::events::identity::{PeopleChanged, PersonState};
use identity::{Identity, NewPerson, Person, Settings};
use kernel::{Ambient, WritePool};

/// The password of every person whom the fixture creates.
pub const PASSWORD: &str = "correct horse";

/// A database of its own, the service of one process, and a clock that only the test advances.
pub struct Fixture {
    /// The database, which no other test uses.
    pub database: harness::TestDatabase,
    /// The clock and the source of ids and random bytes.
    pub ambient: Ambient,
    /// The pool of the service.
    pub write: WritePool,
    /// The service, prepared.
    pub identity: Identity,
}

impl Fixture {
    pub async fn new() -> Self {
        let now: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
        let ambient = Ambient::manual(now, 7);
        let database = harness::tracker().await;
        let write = database.write_pool("identity", &ambient);
        let identity = Identity::new(write.clone(), database.read_pool("identity"), Settings::default()).unwrap();
        identity.prepare().await.unwrap();
        Self { database, ambient, write, identity }
    }

    /// The service of another process, with the same database and the same clock.
    pub async fn another_process(&self) -> Identity {
        let identity = self.unprepared_process();
        identity.prepare().await.unwrap();
        identity
    }

    /// The service of another process that has not loaded its keys.
    pub fn unprepared_process(&self) -> Identity {
        let write = self.database.write_pool("identity", &self.ambient);
        Identity::new(write, self.database.read_pool("identity"), Settings::default()).unwrap()
    }

    /// Creates an active person whose password is `PASSWORD`.
    pub async fn create_person(&self, email: &str, role: Role) -> Person {
        let (person, link) = self.identity.create_person(new_person(email, role), Some(PASSWORD)).await.unwrap();
        assert!(link.is_none());
        person
    }

    pub fn advance(&self, by: Duration) {
        self.ambient.advance(by);
    }

    /// The events in the outbox, oldest first.
    pub async fn published_events(&self) -> Vec<PeopleChanged> {
        self.database.outbox_facts("identity").await
    }

    /// The people of all events in the outbox, oldest first.
    pub async fn published_people(&self) -> Vec<PersonState> {
        self.published_events().await.into_iter().flat_map(|event| event.people).collect()
    }

    /// The number of rows of a table.
    pub async fn count(&self, table: &str) -> i64 {
        let statement = format!("select count(*) from identity.{table}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(self.write.raw()).await.unwrap()
    }
}

pub fn new_person(email: &str, role: Role) -> NewPerson {
    NewPerson { email: email.to_owned(), name: "Ada Lovelace".to_owned(), role, language: None }
}

/// The code of the problem; empty if the result is a success.
pub fn code<T>(result: Result<T, impl Into<kernel::Problem>>) -> String {
    result.err().map(|error| error.into().code().to_owned()).unwrap_or_default()
}

/// The session of an access token.
pub async fn session_of(fixture: &Fixture, access_token: &str) -> contracts::SessionId {
    fixture.identity.authenticate(access_token).await.unwrap().session_id().unwrap()
}
