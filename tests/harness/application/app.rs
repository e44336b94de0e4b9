//! The application in the test's own process, on a clock that stands still until the test moves it.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{FixedOffset, Offset, Utc};
use kernel::Ambient;
use piecework::config::Config;
use piecework::verification::VerifyOptions;
use piecework::{Application, Options};

use super::api::Api;
use super::environment::{MORNING, TestEnvironment, at};
use super::system::{Person, System};
use crate::eventually;

/// Maximum time for the delivery of all events.
pub(super) const DRAIN_DEADLINE: Duration = Duration::from_secs(60);

/// The seed of the random numbers of the first start.
const SEED: u64 = 7;

/// A running application. `E` is its environment, which survives a restart.
pub struct TestApp<E = TestEnvironment> {
    /// Its clock, its ids and its random numbers.
    pub ambient: Ambient,
    pub application: Application,
    /// A client without a token.
    pub api: Api,
    pub environment: E,
}

impl TestEnvironment {
    /// Starts the application at the time `now`, on the data that an earlier start has left.
    pub async fn start(self, now: &str) -> TestApp {
        self.start_with(now, |_| {}).await
    }

    /// Starts the application with changed settings.
    pub async fn start_with(self, now: &str, change: impl FnOnce(&mut Config)) -> TestApp {
        let mut config = self.config();
        change(&mut config);
        // With the numbers of the first start, a later one could create the same secrets again.
        let later_s = (at(now) - at(MORNING)).num_seconds().unsigned_abs();
        self.start_from(&config, Ambient::manual(at(now), SEED + later_s)).await
    }

    /// Starts the application with these settings and this clock.
    pub async fn start_from(self, config: &Config, ambient: Ambient) -> TestApp {
        let application = Application::build(config, Options::serve(), ambient.clone()).await.unwrap();
        // On a slow machine the program starts before its databases are checked.
        eventually("the databases are open", async || application.status.waiting_for().is_empty().then_some(())).await;
        let api = Api::anonymous(format!("http://{}", application.address().unwrap()));
        TestApp { ambient, application, api, environment: self }
    }
}

impl<E> TestApp<E> {
    /// The token of the one-time link for the first admin.
    pub async fn first_admin_token(&self) -> String {
        let identity = &self.application.modules.identity;
        // On a slow machine the program starts before its databases are checked.
        let created = eventually("the database is open", async || identity.create_first_admin_link().await.ok()).await;
        created.unwrap()
    }

    /// Asserts that every invariant holds and that no event is in flight or parked.
    pub async fn assert_verified(&self) {
        let report = piecework::verification::verify(&self.application, VerifyOptions::default()).await.unwrap();
        assert!(report.findings.is_empty(), "{:#?}", report.findings);
        assert_eq!((report.events_in_flight, report.events_parked), (0, 0));
    }
}

impl TestApp {
    /// An application without people on a Monday morning.
    pub async fn new() -> Self {
        TestEnvironment::new().await.start(MORNING).await
    }

    /// Moves the clock, then closes the days that are over at that time.
    pub async fn move_to(&self, moment: &str) {
        self.settle().await;
        self.ambient.set(at(moment));
        self.application.modules.accounting.close_due_days().await.unwrap();
        self.settle().await;
    }

    /// Waits until every requested run is completed.
    pub async fn finish_runs(&self, manager: &Person) {
        eventually("every run is completed", async || {
            let runs = manager.api.read_all("/reassignments", 200).await;
            runs.iter().all(|run| run["status"] == "completed").then_some(())
        })
        .await;
        self.settle().await;
    }

    /// Waits until every event is delivered, then asserts that every invariant holds.
    pub async fn check(&self) {
        self.settle().await;
        self.assert_verified().await;
    }

    /// Checks the data, then stops the application. The environment can start it again.
    pub async fn stop(self) -> TestEnvironment {
        self.check().await;
        self.application.stop().await;
        self.environment
    }
}

impl System for TestApp {
    fn api(&self) -> Api {
        self.api.clone()
    }

    async fn first_admin_token(&self) -> String {
        self.first_admin_token().await
    }

    /// Moves the clock as far as the retries of events need.
    async fn settle(&self) {
        loop {
            let left = self.application.drain(DRAIN_DEADLINE).await.unwrap();
            assert!(left.is_nothing(), "events are not delivered: {left:?}");
            let modules = self.application.status.modules().await.unwrap();
            assert!(modules.iter().all(|module| module.inbox_parked == 0), "{modules:?}");
            if modules.iter().all(|module| module.inbox_retry == 0) {
                return;
            }
            self.ambient.advance(chrono::Duration::seconds(1));
        }
    }

    fn advance_clock(&self) {
        self.ambient.advance(chrono::Duration::seconds(20));
    }

    /// The clock alone ends the day, without a request.
    async fn close_first_day(&self, accountant: &Person) {
        self.ambient.set(at("2026-11-03T00:00:05Z"));
        eventually("Monday is closed", async || {
            let day = accountant.api.read("/days/2026-11-02").await;
            (day["status"] == "closed").then_some(())
        })
        .await;
        self.settle().await;
    }

    fn mail_directory(&self) -> PathBuf {
        self.environment.mail_directory()
    }

    fn time_zone(&self) -> FixedOffset {
        Utc.fix()
    }
}
