//! An installation on two databases of its own, its people, and what they do.

use std::path::PathBuf;

use chrono::{FixedOffset, Timelike, Utc};
use harness::{Api, Outcome, PASSWORD, Run, Server, Settings, TestDatabase, create_person_with, eventually, piecework};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row};
use tempfile::TempDir;

/// The people who get tasks. The accountant gets some too.
const WORKERS: [&str; 2] = ["ann@example.org", "ben@example.org"];
const ACCOUNTANT: &str = "anna@example.org";
const MANAGER: &str = "max@example.org";

/// Two databases and a data directory. They are deleted with this value.
pub struct Installation {
    pub tracker: TestDatabase,
    pub accounting: TestDatabase,
    data: TempDir,
    time_zone: String,
}

/// The people of an installation on a running server.
pub struct People {
    pub workers: Vec<Api>,
    pub accountant: Api,
    pub manager: Api,
}

/// What must stay as it is where nothing is lost: rows of each kind, and sums.
#[derive(Debug, PartialEq, Eq)]
pub struct Totals(Vec<(&'static str, i64)>);

const TRACKER_TOTALS: [(&str, &str); 5] = [
    ("tasks", "select count(*) from tasks.tasks"),
    ("assignments", "select count(*) from tasks.assignments"),
    ("runs", "select count(*) from tasks.reassignments"),
    ("pools", "select count(*) from tasks.pools"),
    ("prices shown", "select coalesce(sum(fee_minor * 10000 + reward_minor), 0)::bigint from tasks.prices"),
];

const ACCOUNTING_TOTALS: [(&str, &str); 7] = [
    ("transfers", "select count(*) from accounting.transfers"),
    ("amounts", "select coalesce(sum(amount_minor), 0)::bigint from accounting.transfers"),
    ("prices", "select coalesce(sum(fee_minor * 10000 + reward_minor), 0)::bigint from accounting.prices"),
    ("wallets", "select count(*) from accounting.wallets"),
    ("balances", "select coalesce(sum(balance_minor), 0)::bigint from accounting.wallets"),
    ("mails", "select count(*) from email.mails"),
    ("attempts to send", "select coalesce(sum(attempts), 0)::bigint from email.mails"),
];

impl Installation {
    /// Databases without schemas, for the settings of another installation.
    pub async fn empty(other: &Self) -> Self {
        let (tracker, accounting) = tokio::join!(harness::empty_database(), harness::empty_database());
        Self { time_zone: other.time_zone.clone(), ..Self::on(tracker, accounting) }
    }

    /// An installation with people and without tasks.
    pub async fn with_people() -> Self {
        let (tracker, accounting) = tokio::join!(harness::tracker(), harness::accounting());
        let installation = Self::on(tracker, accounting);
        for email in WORKERS {
            installation.hire(email, "worker").await;
        }
        installation.hire(ACCOUNTANT, "accountant").await;
        installation.hire(MANAGER, "manager").await;
        installation
    }

    /// An installation on databases that exist.
    pub fn on(tracker: TestDatabase, accounting: TestDatabase) -> Self {
        // In this zone it is about noon, so no day ends during a test.
        #[expect(clippy::disallowed_methods, reason = "the program uses the machine's clock")]
        let hour = i32::try_from(Utc::now().hour()).unwrap();
        let zone = FixedOffset::east_opt((12 - hour) * 3_600).unwrap();
        // In these names, the sign is the opposite of the usual one.
        let time_zone = format!("Etc/GMT{:+}", -zone.local_minus_utc() / 3_600);
        Self { tracker, accounting, data: tempfile::tempdir().unwrap(), time_zone }
    }

    pub async fn hire(&self, email: &str, role: &str) {
        create_person_with(&self.data_dir(), &self.settings(), email, role).await;
    }

    pub fn data_dir(&self) -> PathBuf {
        self.data.path().join("data")
    }

    /// A path beside the data directory.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    pub fn settings(&self) -> Settings {
        [
            ("DATABASES__TRACKER__WRITE_URL", self.tracker.url()),
            ("DATABASES__ACCOUNTING__WRITE_URL", self.accounting.url()),
            ("ACCOUNTING__TIME_ZONE", self.time_zone.clone()),
            ("HTTP__WORKERS", "1".to_owned()),
            // A person who has completed one task has earned something.
            ("ACCOUNTING__PRICING__FEE_MIN", "1".to_owned()),
            ("ACCOUNTING__PRICING__FEE_MAX", "3".to_owned()),
        ]
        .map(|(name, value)| (format!("PIECEWORK__{name}"), value))
        .to_vec()
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        piecework(&self.data_dir(), arguments).settings(&self.settings())
    }

    pub async fn command(&self, arguments: &[&str]) -> Outcome {
        self.run(arguments).finish().await
    }

    pub async fn serve(&self) -> Server {
        self.run(&["serve", "--json"]).serve().await
    }

    /// Asserts by `verify` that every invariant holds and that no event is in flight.
    pub async fn assert_verified(&self) {
        let report = self.command(&["verify", "--json"]).await.json();
        assert_eq!(report["findings"], json!([]));
        assert_eq!(report["events_in_flight"], 0, "events are not delivered: {report}");
    }

    /// The findings of `verify`, of which there must be some.
    pub async fn findings(&self) -> Vec<Value> {
        let outcome = self.command(&["verify", "--json"]).await;
        assert_eq!(outcome.code, Some(1), "nothing is found: {outcome:?}");
        let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
        report["findings"].as_array().unwrap().clone()
    }

    /// The number of mails in files.
    pub fn mail_files(&self) -> usize {
        harness::sent_mails(&self.data_dir().join("mail")).len()
    }

    pub async fn totals(&self) -> Totals {
        let mut totals = Vec::new();
        for (database, queries) in [(&self.tracker, &TRACKER_TOTALS[..]), (&self.accounting, &ACCOUNTING_TOTALS)] {
            let mut connection = database.connect().await;
            for (name, query) in queries {
                let row = sqlx::query(AssertSqlSafe(*query)).fetch_one(&mut connection).await.unwrap();
                totals.push((*name, row.get(0)));
            }
        }
        Totals(totals)
    }
}

impl Totals {
    pub fn of(&self, name: &str) -> i64 {
        self.0.iter().find(|(known, _)| *known == name).unwrap().1
    }
}

impl People {
    pub async fn log_in(server: &Server) -> Self {
        let mut workers = Vec::new();
        for email in WORKERS {
            workers.push(server.api.login(email, PASSWORD).await);
        }
        let accountant = server.api.login(ACCOUNTANT, PASSWORD).await;
        Self { workers, accountant, manager: server.api.login(MANAGER, PASSWORD).await }
    }

    /// Creates tasks, reassigns the open ones, and completes about half of them.
    pub async fn work(&self, tasks: usize) {
        for number in 0..tasks {
            self.manager.create_task(&format!("[OPS-{number}] Count the chairs")).await;
        }
        self.reassign().await;
        self.complete(tasks / 2).await;
    }

    /// Reassigns all open tasks, and waits until it is done.
    pub async fn reassign(&self) {
        let run = self.manager.post_nothing("/reassignments").await.expect_status(202).id();
        let path = format!("/reassignments/{run}");
        let completed = async || (self.manager.read(&path).await["status"] == "completed").then_some(());
        eventually("the run is completed", completed).await;
    }

    /// Completes this number of open tasks, the oldest first, each by its assignee.
    pub async fn complete(&self, tasks: usize) {
        let mut open = Vec::new();
        for person in self.workers.iter().chain([&self.accountant]) {
            let me = person.read("/me").await["id"].clone();
            let path = format!("/tasks?status=open&assignee={}", me.as_str().unwrap());
            let ids = person.read_all(&path, 200).await.into_iter().map(|task| task["id"].as_str().unwrap().to_owned());
            open.extend(ids.map(|id| (id, person)));
        }
        // Ids begin with the time.
        open.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        for (id, person) in open.into_iter().take(tasks) {
            person.post_nothing(&format!("/tasks/{id}/complete")).await.expect_status(200);
        }
    }

    /// Closes the present day before its end, which is possible once, and returns the number of
    /// payouts.
    pub async fn close_day(&self) -> i64 {
        let day = self.accountant.read("/days?limit=1").await["items"][0]["date"].clone();
        let path = format!("/days/{}/close", day.as_str().unwrap());
        self.accountant.post_nothing(&path).await.expect_status(200).json["payouts"].as_i64().unwrap()
    }
}
