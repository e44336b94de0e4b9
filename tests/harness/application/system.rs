//! A running system, in one process or in several, and the people who use it.

use std::path::PathBuf;

use chrono::FixedOffset;
use contracts::Role;
use serde_json::json;

use super::api::Api;

/// Everyone's password.
pub const PASSWORD: &str = "correct horse battery";

/// A running system, as scenarios that run on one process and on several need it.
#[expect(async_fn_in_trait, reason = "no test needs these futures to be Send")]
pub trait System {
    /// A client without a token.
    fn api(&self) -> Api;

    /// The token of the one-time link for the first admin.
    async fn first_admin_token(&self) -> String;

    /// Waits until every event is delivered and applied.
    async fn settle(&self);

    /// Moves the clock by some seconds, if the test owns the clock.
    fn advance_clock(&self);

    /// Ends the first business day. Waits until it is closed and its payouts are known to email.
    async fn close_first_day(&self, accountant: &Person);

    /// The directory in which each mail is a file.
    fn mail_directory(&self) -> PathBuf;

    /// The time zone of the business days.
    fn time_zone(&self) -> FixedOffset;

    /// Uses the one-time link of a system without people.
    async fn first_admin(&self) -> Person {
        create_first_admin(&self.api(), &self.first_admin_token().await).await
    }

    /// A new person, created by `admin` and logged in.
    async fn hire(&self, admin: &Person, role: Role, name: &str) -> Person {
        let email = format!("{}@example.org", name.to_lowercase());
        let body = json!({ "email": email, "name": name, "role": role, "password": PASSWORD });
        let id = admin.api.post("/people", &body).await.expect_status(201).id();
        self.settle().await;
        login(&self.api(), &id, &email, name).await
    }

    /// The same person with a new token: after a restart, or when the old token has expired.
    async fn log_in_again(&self, person: &Person) -> Person {
        login(&self.api(), &person.id, &person.email, &person.name).await
    }
}

/// A person who is logged in.
pub struct Person {
    pub id: String,
    pub email: String,
    pub name: String,
    pub api: Api,
}

/// Creates the first admin by the token of the one-time link.
pub async fn create_first_admin(api: &Api, token: &str) -> Person {
    let (email, name) = ("ada@example.org", "Ada");
    let body = json!({ "token": token, "email": email, "name": name, "password": PASSWORD });
    let id = api.post("/auth/set-password", &body).await.expect_status(200).id();
    login(api, &id, email, name).await
}

/// Logs in an existing person.
pub async fn login(api: &Api, id: &str, email: &str, name: &str) -> Person {
    let api = api.login(email, PASSWORD).await;
    Person { id: id.to_owned(), email: email.to_owned(), name: name.to_owned(), api }
}
