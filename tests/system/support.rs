//! A whole system of its own for each test: two databases, a data directory, a clock that stands still until it is moved.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, Offset, Utc};
use contracts::Role;
use harness::TestDatabase;
use kernel::Ambient;
use piecework::{Application, Options, config};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::Api;
pub use crate::stage::{Cast, PASSWORD, Person, Stage, complete_path};

/// A Monday.
pub const MORNING: &str = "2026-11-02T09:00:00Z";
const DRAIN_DEADLINE: Duration = Duration::from_secs(60);

/// A running system.
pub struct World {
    pub ambient: Ambient,
    pub application: Application,
    pub api: Api,
    pub ground: Ground,
}

/// What survives a restart.
pub struct Ground {
    pub tracker: TestDatabase,
    pub accounting: TestDatabase,
    data: TempDir,
}

/// A system in one process with one person of each role.
pub type Company = Cast<World>;

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

impl Ground {
    pub async fn new() -> Self {
        let (tracker, accounting) = tokio::join!(harness::tracker(), harness::accounting());
        Self { tracker, accounting, data: tempfile::tempdir().unwrap() }
    }

    /// Starts the program on what is there.
    pub async fn start(self, now: &str) -> World {
        let ambient = Ambient::manual(at(now), 7);
        let application = Application::build(&self.config(), Options::serve(), ambient.clone()).await.unwrap();
        let api = Api::anonymous(format!("http://{}", application.address().unwrap()));
        World { ambient, application, api, ground: self }
    }

    fn config(&self) -> config::Config {
        let settings = [
            ("PIECEWORK_PROFILE", "test".to_owned()),
            ("PIECEWORK__DATA_DIR", self.data.path().display().to_string()),
            ("PIECEWORK__DATABASES__TRACKER__WRITE_URL", self.tracker.url()),
            ("PIECEWORK__DATABASES__ACCOUNTING__WRITE_URL", self.accounting.url()),
            ("PIECEWORK__HTTP__WORKERS", "2".to_owned()),
            // So that a test may move the clock over an evening without logging in again.
            ("PIECEWORK__AUTH__ACCESS_TOKEN_S", "86400".to_owned()),
        ];
        let settings: BTreeMap<_, _> = settings.map(|(key, value)| (key.to_owned(), value)).into();
        config::load_from(&settings, &[]).unwrap().config
    }

    pub fn mail_folder(&self) -> PathBuf {
        piecework::modules::mail_folder(self.data.path())
    }
}

impl World {
    /// An empty system on a Monday morning.
    pub async fn new() -> Self {
        Ground::new().await.start(MORNING).await
    }

    /// The first admin, by the one-time link.
    pub async fn first_admin(&self) -> Person {
        let token = self.first_admin_token().await;
        let body = json!({ "token": token, "email": "ada@example.org", "name": "Ada", "password": PASSWORD });
        let id = self.api.post("/auth/set-password", &body).await.expect_status(200).id();
        self.log_in(&id, "ada@example.org", "Ada").await
    }

    /// Waits until every event has arrived; what waits for another try gets its time.
    pub async fn settle(&self) {
        loop {
            let left = self.application.drain(DRAIN_DEADLINE).await.unwrap();
            assert!(left.is_nothing(), "events do not arrive: {left:?}");
            let modules = self.application.state.modules().await.unwrap();
            assert!(modules.iter().all(|module| module.inbox_parked == 0), "{modules:?}");
            if modules.iter().all(|module| module.inbox_retry == 0) {
                return;
            }
            self.ambient.advance(chrono::Duration::seconds(1));
        }
    }

    /// Moves the clock and closes the days that are over by then.
    pub async fn move_to(&self, moment: &str) {
        self.settle().await;
        self.ambient.set(at(moment));
        self.application.modules.accounting.close_due_days().await.unwrap();
        self.settle().await;
    }

    /// Waits until the last run that was asked for is over.
    pub async fn finish_runs(&self, manager: &Person) {
        harness::eventually("every run is over", async || {
            let runs = manager.api.read_all("/reassignments", 200).await;
            runs.iter().all(|run| run["status"] == "completed").then_some(())
        })
        .await;
        self.settle().await;
    }

    /// Nothing may be under way and every invariant must hold.
    pub async fn check(&self) {
        self.settle().await;
        let report = piecework::verify::verify(&self.application).await.unwrap();
        assert!(report.findings.is_empty(), "{:#?}", report.findings);
        assert_eq!((report.events_in_flight, report.events_parked), (0, 0));
    }

    /// Stops in good order; the databases stay.
    pub async fn stop(self) -> Ground {
        self.check().await;
        self.application.stop().await;
        self.ground
    }
}

impl Stage for World {
    fn api(&self) -> Api {
        self.api.clone()
    }

    async fn first_admin_token(&self) -> String {
        self.application.modules.identity.first_admin_link_token().await.unwrap().unwrap()
    }

    async fn settle(&self) {
        self.settle().await;
    }

    fn pass_time(&self) {
        self.ambient.advance(chrono::Duration::seconds(20));
    }

    /// The clock alone ends the day: nobody asks for it.
    async fn end_the_day(&self, accountant: &Person) {
        self.ambient.set(at("2026-11-03T00:00:05Z"));
        harness::eventually("Monday is closed", async || {
            let day = accountant.api.read("/days/2026-11-02").await;
            (day["status"] == "closed").then_some(())
        })
        .await;
        self.settle().await;
    }

    fn mail_folder(&self) -> PathBuf {
        self.ground.mail_folder()
    }

    fn zone(&self) -> FixedOffset {
        Utc.fix()
    }
}

impl Company {
    pub async fn new() -> Self {
        let world = World::new().await;
        let admin = world.first_admin().await;
        Self::hire(world, admin).await
    }

    pub const fn of(&self, role: Role) -> &Person {
        match role {
            Role::Worker => &self.worker,
            Role::Accountant => &self.accountant,
            Role::Manager => &self.manager,
            Role::Admin => &self.admin,
        }
    }

    /// Closes what is over at nine in the morning of `date`, and everybody logs in.
    pub async fn next_morning(&mut self, date: &str) {
        self.world.move_to(&format!("{date}T09:00:00Z")).await;
        for person in [&mut self.admin, &mut self.manager, &mut self.accountant, &mut self.worker] {
            *person = self.world.again(person).await;
        }
    }

    /// The two who can have tasks.
    pub fn assignee(&self, task: &Value) -> &Person {
        let id = task["assignee"]["id"].as_str().unwrap();
        [&self.worker, &self.accountant].into_iter().find(|person| person.id == id).unwrap()
    }

    /// A new task, with its price.
    pub async fn create(&self, title: &str) -> Value {
        let id = self.manager.api.post("/tasks", &json!({ "title": title })).await.expect_status(201).id();
        self.world.settle().await;
        self.manager.api.read(&format!("/tasks/{id}")).await
    }

    /// Completes a task as whoever has it, and waits for the reward.
    pub async fn complete(&self, task: &Value) {
        let assignee = self.assignee(task);
        assignee.api.post_nothing(&complete_path(task)).await.expect_status(200);
        self.world.settle().await;
    }

    pub async fn finish(self) {
        self.world.stop().await;
    }
}
