//! A company: a running system with one person of each role.

use chrono::NaiveDate;
use contracts::Role;
use serde_json::{Value, json};

use super::api::{complete_path, minor};
use super::app::TestApp;
use super::system::{Person, System};

/// A system with one person of each role.
pub struct Company<S = TestApp> {
    pub system: S,
    pub admin: Person,
    pub manager: Person,
    pub accountant: Person,
    pub worker: Person,
}

impl<S: System> Company<S> {
    /// Creates the first admin, who creates one person of each other role.
    pub async fn hire(system: S) -> Self {
        let admin = system.first_admin().await;
        Self::hire_by(system, admin).await
    }

    /// The same with an admin who exists already.
    pub async fn hire_by(system: S, admin: Person) -> Self {
        let manager = system.hire(&admin, Role::Manager, "Max").await;
        let accountant = system.hire(&admin, Role::Accountant, "Anna").await;
        let worker = system.hire(&admin, Role::Worker, "Wim").await;
        Self { system, admin, manager, accountant, worker }
    }

    /// The balance of a person's wallet, in minor units.
    pub async fn balance(&self, person: &Person) -> i64 {
        minor(&person.api.read("/wallets/me").await["balance"])
    }

    /// The open business day.
    pub async fn open_day(&self) -> NaiveDate {
        let days = self.accountant.api.read("/days?limit=1").await;
        assert_eq!(days["items"][0]["status"], "open", "{days}");
        days["items"][0]["date"].as_str().unwrap().parse().unwrap()
    }
}

impl Company<TestApp> {
    /// A new application with one person of each role.
    pub async fn new() -> Self {
        Self::hire(TestApp::new().await).await
    }

    #[must_use]
    pub const fn of(&self, role: Role) -> &Person {
        match role {
            Role::Worker => &self.worker,
            Role::Accountant => &self.accountant,
            Role::Manager => &self.manager,
            Role::Admin => &self.admin,
        }
    }

    /// Closes the days that are over at nine in the morning of `date`. Each person logs in again.
    pub async fn next_morning(&mut self, date: &str) {
        self.system.move_to(&format!("{date}T09:00:00Z")).await;
        for person in [&mut self.admin, &mut self.manager, &mut self.accountant, &mut self.worker] {
            *person = self.system.log_in_again(person).await;
        }
    }

    /// The worker or the accountant: the two who are in the pool.
    #[must_use]
    pub fn assignee(&self, task: &Value) -> &Person {
        let id = task["assignee"]["id"].as_str().unwrap();
        [&self.worker, &self.accountant].into_iter().find(|person| person.id == id).unwrap()
    }

    /// A new task, with its price.
    pub async fn create(&self, title: &str) -> Value {
        let id = self.manager.api.post("/tasks", &json!({ "title": title })).await.expect_status(201).id();
        self.system.settle().await;
        self.manager.api.read(&format!("/tasks/{id}")).await
    }

    /// Completes a task as its assignee, and waits for the reward.
    pub async fn complete(&self, task: &Value) {
        let assignee = self.assignee(task);
        assignee.api.post_nothing(&complete_path(task)).await.expect_status(200);
        self.system.settle().await;
    }

    /// Checks the data and stops the application.
    pub async fn finish(self) {
        self.system.stop().await;
    }
}
