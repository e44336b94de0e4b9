//! A system to test against, and what tests ask of it again and again.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up must fail")]

use chrono::{DateTime, Duration, Utc};
use contracts::Role;
use contracts::events::identity::{PeopleChanged, PersonState};
use identity::{Identity, NewPerson, Person, Settings};
use kernel::{Ambient, WritePool};

pub const PASSWORD: &str = "correct horse";

/// One database, one process that serves it, and a clock that stands still.
pub struct Company {
    pub database: harness::TestDatabase,
    pub ambient: Ambient,
    pub write: WritePool,
    pub identity: Identity,
}

impl Company {
    pub async fn new() -> Self {
        let now: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
        let ambient = Ambient::manual(now, 7);
        let database = harness::tracker().await;
        let write = database.write_pool("identity", &ambient);
        let identity = Identity::new(write.clone(), database.read_pool("identity"), Settings::default()).unwrap();
        identity.prepare().await.unwrap();
        Self { database, ambient, write, identity }
    }

    /// Another process on the same database, with the same clock.
    pub async fn another_process(&self) -> Identity {
        let identity = self.unprepared_process();
        identity.prepare().await.unwrap();
        identity
    }

    pub fn unprepared_process(&self) -> Identity {
        let write = self.database.write_pool("identity", &self.ambient);
        Identity::new(write, self.database.read_pool("identity"), Settings::default()).unwrap()
    }

    /// Adds an active person whose password is `PASSWORD`.
    pub async fn add(&self, email: &str, role: Role) -> Person {
        let (person, link) = self.identity.add_person(new_person(email, role), Some(PASSWORD)).await.unwrap();
        assert!(link.is_none());
        person
    }

    pub fn advance(&self, by: Duration) {
        self.ambient.advance(by);
    }

    /// The events that wait in the outbox, oldest first.
    pub async fn events(&self) -> Vec<PeopleChanged> {
        self.database.said("identity").await
    }

    /// Everybody who was ever told of, in order.
    pub async fn told(&self) -> Vec<PersonState> {
        self.events().await.into_iter().flat_map(|event| event.people).collect()
    }

    pub async fn count(&self, table: &str) -> i64 {
        let statement = format!("select count(*) from identity.{table}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(self.write.raw()).await.unwrap()
    }
}

pub fn new_person(email: &str, role: Role) -> NewPerson {
    NewPerson { email: email.to_owned(), name: "Ada Lovelace".to_owned(), role, language: None }
}

/// The stable code of what was refused.
pub fn code<T>(result: Result<T, impl Into<kernel::Problem>>) -> String {
    result.err().map(|error| error.into().code().to_owned()).unwrap_or_default()
}
