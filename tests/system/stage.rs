//! A system as a story needs it, in whatever it runs: one process on a clock of the tests, or several on the machine's.

use std::path::PathBuf;

use chrono::{FixedOffset, NaiveDate};
use contracts::Role;
use serde_json::{Value, json};

use crate::api::{Api, minor};

pub const PASSWORD: &str = "correct horse battery";

pub trait Stage {
    /// Nobody, at the system's address.
    fn api(&self) -> Api;

    /// Of the link that makes the first admin.
    async fn first_admin_token(&self) -> String;

    /// Waits until every event has arrived.
    async fn settle(&self);

    /// Lets some seconds go by, where the clock is ours.
    fn pass_time(&self);

    /// Ends this day, the first one, and waits until it is paid and mail may come.
    async fn end_the_day(&self, accountant: &Person);

    /// Where mail that is written to files goes.
    fn mail_folder(&self) -> PathBuf;

    /// Where business days begin and end.
    fn zone(&self) -> FixedOffset;

    /// Somebody new, added by `admin`.
    async fn hire(&self, admin: &Person, role: Role, name: &str) -> Person {
        let email = format!("{}@example.org", name.to_lowercase());
        let body = json!({ "email": email, "name": name, "role": role, "password": PASSWORD });
        let id = admin.api.post("/people", &body).await.expect_status(201).id();
        self.settle().await;
        self.log_in(&id, &email, name).await
    }

    async fn log_in(&self, id: &str, email: &str, name: &str) -> Person {
        let body = json!({ "email": email, "password": PASSWORD });
        let tokens = self.api().post("/auth/login", &body).await.expect_status(200).json;
        let api = self.api().with_token(tokens["access_token"].as_str().unwrap());
        Person { id: id.to_owned(), email: email.to_owned(), name: name.to_owned(), api }
    }

    /// The same person with a new token: after a restart, or when the clock has gone far.
    async fn again(&self, person: &Person) -> Person {
        self.log_in(&person.id, &person.email, &person.name).await
    }
}

/// Somebody who is logged in.
pub struct Person {
    pub id: String,
    pub email: String,
    pub name: String,
    pub api: Api,
}

/// A system with one person of each role.
pub struct Cast<S> {
    pub world: S,
    pub admin: Person,
    pub manager: Person,
    pub accountant: Person,
    pub worker: Person,
}

impl<S: Stage> Cast<S> {
    /// The first admin hires one of each.
    pub async fn hire(world: S, admin: Person) -> Self {
        let manager = world.hire(&admin, Role::Manager, "Max").await;
        let accountant = world.hire(&admin, Role::Accountant, "Anna").await;
        let worker = world.hire(&admin, Role::Worker, "Wim").await;
        Self { world, admin, manager, accountant, worker }
    }

    /// What the wallet of a person holds.
    pub async fn balance(&self, person: &Person) -> i64 {
        minor(&person.api.read("/wallets/me").await["balance"])
    }

    /// The day that is open.
    pub async fn open_day(&self) -> NaiveDate {
        let days = self.accountant.api.read("/days?limit=1").await;
        assert_eq!(days["items"][0]["status"], "open", "{days}");
        days["items"][0]["date"].as_str().unwrap().parse().unwrap()
    }
}

pub fn complete_path(task: &Value) -> String {
    format!("/tasks/{}/complete", task["id"].as_str().unwrap())
}
