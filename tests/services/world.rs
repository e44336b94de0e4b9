//! Several processes on two databases and one broker.

use std::net::TcpListener;
use std::path::PathBuf;

use chrono::{FixedOffset, NaiveDate, Timelike, Utc};
use harness::{TestDatabase, eventually, rabbitmq};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use tempfile::TempDir;

use crate::api::Api;
use crate::process::{Process, Settings, run};
use crate::stage::{PASSWORD, Person, Stage};

/// How the modules are cut into services.
pub const SERVICES: [&str; 4] = ["identity,tasks", "accounting", "analytics", "email"];

/// What all processes share, and where they leave their files.
pub struct Ground {
    pub tracker: TestDatabase,
    pub accounting: TestDatabase,
    amqp_url: String,
    prefix: String,
    data: TempDir,
    zone: FixedOffset,
}

/// Processes that are up, and what they share.
pub struct World {
    pub processes: Vec<Process>,
    pub ground: Ground,
}

/// So many ports that nobody listens on, with the time they were free.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let listeners: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

impl Ground {
    /// On migrated databases. None where there is no RabbitMQ.
    pub async fn new(left_out: &'static str) -> Option<Self> {
        let amqp_url = tokio::task::spawn_blocking(move || rabbitmq::shared_amqp_url(left_out)).await.unwrap()?;
        let (tracker, accounting) = tokio::join!(harness::tracker(), harness::accounting());
        Some(Self::on(tracker, accounting, amqp_url))
    }

    /// The same on databases with nothing in them.
    pub async fn empty(left_out: &'static str) -> Option<Self> {
        let amqp_url = tokio::task::spawn_blocking(move || rabbitmq::shared_amqp_url(left_out)).await.unwrap()?;
        let (tracker, accounting) = tokio::join!(harness::empty_database(), harness::empty_database());
        Some(Self::on(tracker, accounting, amqp_url))
    }

    fn on(tracker: TestDatabase, accounting: TestDatabase, amqp_url: String) -> Self {
        // It is about noon there: no day ends by itself while a test looks.
        #[expect(clippy::disallowed_methods, reason = "the processes live by the machine's clock")]
        let hour = i32::try_from(Utc::now().hour()).unwrap();
        let zone = FixedOffset::east_opt((12 - hour) * 3_600).unwrap();
        // No two tests have the same database.
        let prefix = tracker.url().rsplit_once('/').unwrap().1.replace("test", "services");
        Self { tracker, accounting, amqp_url, prefix, data: tempfile::tempdir().unwrap(), zone }
    }

    /// What every process is told.
    pub fn settings(&self) -> Settings {
        let hours = self.zone.local_minus_utc() / 3_600;
        [
            ("DATABASES__TRACKER__WRITE_URL", self.tracker.url()),
            ("DATABASES__ACCOUNTING__WRITE_URL", self.accounting.url()),
            ("BUS__KIND", "rabbitmq".to_owned()),
            ("BUS__AMQP_URL", self.amqp_url.clone()),
            ("BUS__PREFIX", self.prefix.clone()),
            ("HTTP__WORKERS", "1".to_owned()),
            // Signs are turned round in these names.
            ("ACCOUNTING__TIME_ZONE", format!("Etc/GMT{:+}", -hours)),
        ]
        .map(|(name, value)| (format!("PIECEWORK__{name}"), value))
        .to_vec()
    }

    pub fn data_dir(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    /// Where each service is to be.
    pub fn places(&self) -> Settings {
        let ports: [u16; SERVICES.len()] = free_ports();
        let place = |(port, modules): (u16, &str)| {
            let url = |module: &str| {
                (format!("PIECEWORK__MODULES__{}__URL", module.to_uppercase()), format!("http://127.0.0.1:{port}"))
            };
            modules.split(',').map(url).collect::<Settings>()
        };
        ports.into_iter().zip(SERVICES).flat_map(place).collect()
    }

    /// A process that hosts these modules; it is told of a database only if its modules need it.
    pub async fn service(&self, places: &Settings, modules: &str) -> Process {
        let mut settings = [self.settings(), places.clone()].concat();
        let first = modules.split(',').next().unwrap();
        let own_url = format!("PIECEWORK__MODULES__{}__URL", first.to_uppercase());
        let port = places.iter().find(|(name, _)| *name == own_url).unwrap().1.rsplit_once(':').unwrap().1;
        settings.push(("PIECEWORK__HTTP__PORT".to_owned(), port.to_owned()));
        settings.push(("PIECEWORK__MODULES__HOSTED".to_owned(), modules.to_owned()));
        if modules == "identity,tasks" {
            settings.retain(|(name, _)| !name.contains("DATABASES__ACCOUNTING"));
        }
        Process::serve(&self.data_dir(modules), &settings).await
    }

    /// One process for each service.
    pub async fn services(self) -> World {
        let places = self.places();
        let mut processes = Vec::new();
        for modules in SERVICES {
            processes.push(self.service(&places, modules).await);
        }
        World { processes, ground: self }
    }

    /// So many processes with all modules each.
    pub async fn equals(self, count: usize) -> World {
        let settings = self.settings();
        let mut processes = Vec::new();
        for number in 0..count {
            processes.push(Process::serve(&self.data_dir(&number.to_string()), &settings).await);
        }
        World { processes, ground: self }
    }
}

impl World {
    pub fn urls(&self) -> Vec<String> {
        self.processes.iter().map(Process::url).collect()
    }

    /// Nobody, at one process.
    pub fn at(&self, number: usize) -> Api {
        Api::anonymous(self.processes[number].url())
    }

    /// A person, at one process.
    pub async fn log_in_at(&self, number: usize, person: &Person) -> Api {
        let body = json!({ "email": person.email, "password": PASSWORD });
        let tokens = self.at(number).post("/auth/login", &body).await.expect_status(200).json;
        self.at(number).with_token(tokens["access_token"].as_str().unwrap())
    }

    /// Everything in good order, once nothing is left to do; then every invariant is checked.
    pub async fn finish(self) {
        self.settle().await;
        let Self { processes, ground } = self;
        for process in processes {
            process.stop().await;
        }
        let output = run(&ground.data_dir("command"), &["verify", "--json"], &ground.settings()).await;
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        assert_eq!(report["findings"], json!([]), "{output:?}");
        assert_eq!((&report["events_in_flight"], &report["events_parked"]), (&0.into(), &0.into()), "{report}");
        ground.clear_broker().await;
    }

    /// Every mail that was written to a file, by any process.
    pub fn mails(&self) -> Vec<PathBuf> {
        let folders = std::fs::read_dir(self.ground.data.path()).unwrap();
        let files = folders.filter_map(|folder| std::fs::read_dir(folder.unwrap().path().join("mail")).ok());
        files.flatten().map(|file| file.unwrap().path()).collect()
    }
}

impl Ground {
    /// It may be somebody's.
    async fn clear_broker(&self) {
        use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
        let connection = lapin::Connection::connect(&self.amqp_url, lapin::ConnectionProperties::default());
        let channel = connection.await.unwrap().create_channel().await.unwrap();
        for subscription in piecework::modules::subscriptions() {
            for kind in ["", "dead."] {
                let queue = format!("{}.{kind}{}", self.prefix, subscription.subscriber);
                channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
            }
        }
        for exchange in ["events", "dead"] {
            let exchange = format!("{}.{exchange}", self.prefix);
            channel.exchange_delete(exchange.into(), ExchangeDeleteOptions::default()).await.unwrap();
        }
    }

    /// What every module knows, if all that one knows is known to the others.
    async fn agreement(&self) -> Option<()> {
        let (mut tracker, mut accounting) = (self.tracker.connect().await, self.accounting.connect().await);
        // A relay's batch is still seen here until the broker has it.
        for (database, schemas) in [(&mut tracker, ["identity", "tasks"]), (&mut accounting, ["accounting", "email"])] {
            for schema in schemas {
                let waiting = one(database, &format!("select count(*)::text from {schema}.outbox")).await;
                let kept = one(
                    database,
                    &format!("select count(*)::text from {schema}.inbox where state in ('retry', 'parked')"),
                )
                .await;
                if (waiting.as_str(), kept.as_str()) != ("0", "0") {
                    return None;
                }
            }
        }
        let people = |table: &str, id: &str| {
            format!("select coalesce(string_agg({id} || ' ' || version, ',' order by {id}), '') from {table}")
        };
        let known = one(&mut tracker, &people("identity.people", "id")).await;
        let told = [
            one(&mut tracker, &people("tasks.people", "person_id")).await,
            one(&mut accounting, &people("accounting.people", "person_id")).await,
            one(&mut accounting, &people("email.people", "person_id")).await,
        ];
        let work = one(
            &mut tracker,
            "select concat_ws(' ', (select count(*) from tasks.tasks), (select count(*) from tasks.prices),
                                   (select count(*) from tasks.assignments), (select count(*) from tasks.completed_tasks))",
        )
        .await;
        let books = one(
            &mut accounting,
            "select concat_ws(' ', (select count(*) from accounting.prices), (select count(*) from accounting.prices),
                (select count(*) from accounting.transfers where kind = 'assignment_fee'),
                (select count(*) from accounting.transfers where kind = 'completion_reward'))",
        )
        .await;
        let agree = told.iter().all(|told| *told == known) && work == books;
        let paid = one(&mut accounting, "select count(*)::text from accounting.transfers where kind = 'payout'").await;
        let mailed = one(&mut accounting, "select count(*)::text from email.mails").await;
        (agree && paid == mailed).then_some(())
    }
}

async fn one(connection: &mut PgConnection, statement: &str) -> String {
    sqlx::query(AssertSqlSafe(statement.to_owned())).fetch_one(connection).await.unwrap().get(0)
}

impl Stage for World {
    /// In turn at every process: each request goes to another one than the one before.
    fn api(&self) -> Api {
        Api::of_several(&self.urls())
    }

    async fn first_admin_token(&self) -> String {
        let tokens: Vec<&str> =
            self.processes.iter().filter_map(|process| process.greeting["first_admin_token"].as_str()).collect();
        // A later one takes the place of those before.
        tokens.last().expect("an empty system gives out a link").to_string()
    }

    async fn settle(&self) {
        eventually("every module knows what the others have said", async || self.ground.agreement().await).await;
    }

    fn pass_time(&self) {}

    /// Early: nobody waits for midnight.
    async fn end_the_day(&self, accountant: &Person) {
        let days = accountant.api.read("/days?limit=1").await;
        let today: NaiveDate = days["items"][0]["date"].as_str().unwrap().parse().unwrap();
        accountant.api.post_nothing(&format!("/days/{today}/close")).await.expect_status(200);
        self.settle().await;
    }

    /// Of the one that hosts email.
    fn mail_folder(&self) -> PathBuf {
        let hosts_email = |folder: &PathBuf| folder.join("mail").is_dir();
        let folders = std::fs::read_dir(self.ground.data.path()).unwrap().map(|folder| folder.unwrap().path());
        folders.into_iter().find(hosts_email).expect("somebody writes mail").join("mail")
    }

    fn zone(&self) -> FixedOffset {
        self.ground.zone
    }
}
