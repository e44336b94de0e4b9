//! Several processes of the program on two databases and one broker.

use std::net::TcpListener;
use std::path::PathBuf;

use chrono::{FixedOffset, NaiveDate, Timelike, Utc};
use harness::{Api, PASSWORD, Person, Server, Settings, System, TestDatabase, eventually, piecework, rabbitmq};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection, Row};
use tempfile::TempDir;

/// The modules of each service.
pub const SERVICES: [&str; 4] = ["identity,tasks", "accounting", "analytics,live", "email"];

/// What all processes share: databases, broker, time zone, and a directory for their data.
pub struct SharedEnvironment {
    pub tracker: TestDatabase,
    pub accounting: TestDatabase,
    amqp_url: String,
    prefix: String,
    data: TempDir,
    zone: FixedOffset,
}

/// Running processes and their environment.
pub struct Processes {
    pub servers: Vec<Server>,
    pub environment: SharedEnvironment,
}

/// Different ports on which no process listens.
fn free_ports<const N: usize>() -> [u16; N] {
    let listeners: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

impl SharedEnvironment {
    /// Migrated databases. `None` if there is no RabbitMQ, which leaves the test `left_out`.
    pub async fn new(left_out: &'static str) -> Option<Self> {
        let amqp_url = tokio::task::spawn_blocking(move || rabbitmq::shared_amqp_url(left_out)).await.unwrap()?;
        let (tracker, accounting) = tokio::join!(harness::tracker(), harness::accounting());
        Some(Self::on(tracker, accounting, amqp_url))
    }

    /// The same with databases that have no schemas.
    pub async fn empty(left_out: &'static str) -> Option<Self> {
        let amqp_url = tokio::task::spawn_blocking(move || rabbitmq::shared_amqp_url(left_out)).await.unwrap()?;
        let (tracker, accounting) = tokio::join!(harness::empty_database(), harness::empty_database());
        Some(Self::on(tracker, accounting, amqp_url))
    }

    fn on(tracker: TestDatabase, accounting: TestDatabase, amqp_url: String) -> Self {
        // In this zone it is about noon, so no day ends during a test.
        #[expect(clippy::disallowed_methods, reason = "the processes use the machine's clock")]
        let hour = i32::try_from(Utc::now().hour()).unwrap();
        let zone = FixedOffset::east_opt((12 - hour) * 3_600).unwrap();
        // Each test has another database, so this prefix is unique.
        let prefix = tracker.url().rsplit_once('/').unwrap().1.replace("test", "services");
        Self { tracker, accounting, amqp_url, prefix, data: tempfile::tempdir().unwrap(), zone }
    }

    /// The settings of every process.
    pub fn settings(&self) -> Settings {
        let hours = self.zone.local_minus_utc() / 3_600;
        [
            ("DATABASES__TRACKER__WRITE_URL", self.tracker.url()),
            ("DATABASES__ACCOUNTING__WRITE_URL", self.accounting.url()),
            ("BUS__KIND", "rabbitmq".to_owned()),
            ("BUS__AMQP_URL", self.amqp_url.clone()),
            ("BUS__PREFIX", self.prefix.clone()),
            ("HTTP__WORKERS", "1".to_owned()),
            // In these names, the sign is the opposite of the usual one.
            ("ACCOUNTING__TIME_ZONE", format!("Etc/GMT{:+}", -hours)),
        ]
        .map(|(name, value)| (format!("PIECEWORK__{name}"), value))
        .to_vec()
    }

    pub fn data_dir(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    /// A URL for each module: the modules of one service have the same one.
    pub fn module_urls(&self) -> Settings {
        let ports: [u16; SERVICES.len()] = free_ports();
        let urls = |(port, modules): (u16, &str)| {
            let url = |module: &str| {
                (format!("PIECEWORK__MODULES__{}__URL", module.to_uppercase()), format!("http://127.0.0.1:{port}"))
            };
            modules.split(',').map(url).collect::<Settings>()
        };
        ports.into_iter().zip(SERVICES).flat_map(urls).collect()
    }

    /// Starts a process that hosts these modules, with the databases that they need.
    pub async fn service(&self, urls: &Settings, modules: &str) -> Server {
        let mut settings = [self.settings(), urls.clone()].concat();
        let first = modules.split(',').next().unwrap();
        let own_url = format!("PIECEWORK__MODULES__{}__URL", first.to_uppercase());
        let port = urls.iter().find(|(name, _)| *name == own_url).unwrap().1.rsplit_once(':').unwrap().1;
        settings.push(("PIECEWORK__HTTP__PORT".to_owned(), port.to_owned()));
        settings.push(("PIECEWORK__MODULES__HOSTED".to_owned(), modules.to_owned()));
        if modules == "identity,tasks" {
            settings.retain(|(name, _)| !name.contains("DATABASES__ACCOUNTING"));
        }
        Server::start(&self.data_dir(modules), &settings).await
    }

    /// Starts one process for each service.
    pub async fn services(self) -> Processes {
        let urls = self.module_urls();
        let mut servers = Vec::new();
        for modules in SERVICES {
            servers.push(self.service(&urls, modules).await);
        }
        Processes { servers, environment: self }
    }

    /// Starts processes with all modules each.
    pub async fn processes(self, count: usize) -> Processes {
        let settings = self.settings();
        let mut servers = Vec::new();
        for number in 0..count {
            servers.push(Server::start(&self.data_dir(&number.to_string()), &settings).await);
        }
        Processes { servers, environment: self }
    }
}

impl Processes {
    pub fn urls(&self) -> Vec<String> {
        self.servers.iter().map(Server::url).collect()
    }

    /// A client of one process, without a token.
    pub fn at(&self, number: usize) -> Api {
        Api::anonymous(self.servers[number].url())
    }

    /// A person as a client of one process.
    pub async fn log_in_at(&self, number: usize, person: &Person) -> Api {
        self.at(number).login(&person.email, PASSWORD).await
    }

    /// Waits for the end of all work, stops the processes, and asserts that every invariant holds.
    pub async fn finish(self) {
        self.settle().await;
        let Self { servers, environment } = self;
        for server in servers {
            server.stop().await;
        }
        let run = piecework(&environment.data_dir("command"), &["verify", "--json"]);
        let outcome = run.settings(&environment.settings()).finish().await;
        let report: Value = serde_json::from_str(&outcome.stdout).unwrap_or_default();
        assert_eq!(report["findings"], json!([]), "{outcome:?}");
        assert_eq!((&report["events_in_flight"], &report["events_parked"]), (&0.into(), &0.into()), "{report}");
        environment.clear_broker().await;
    }

    /// Every mail that a process has written as a file.
    pub fn mails(&self) -> Vec<PathBuf> {
        let directories = std::fs::read_dir(self.environment.data.path()).unwrap();
        let files = directories.filter_map(|entry| std::fs::read_dir(entry.unwrap().path().join("mail")).ok());
        files.flatten().map(|file| file.unwrap().path()).collect()
    }
}

impl SharedEnvironment {
    /// Deletes the queues and exchanges, because the broker may outlive the test.
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

    /// `Some` if every module has applied all events of the others.
    async fn agreement(&self) -> Option<()> {
        let (mut tracker, mut accounting) = (self.tracker.connect().await, self.accounting.connect().await);
        // A row stays in the outbox until the broker has taken the event.
        for (database, schemas) in [(&mut tracker, ["identity", "tasks"]), (&mut accounting, ["accounting", "email"])] {
            for schema in schemas {
                let waiting = one(database, &format!("select count(*)::text from {schema}.outbox")).await;
                let unapplied = one(
                    database,
                    &format!("select count(*)::text from {schema}.inbox where state in ('retry', 'parked')"),
                )
                .await;
                if (waiting.as_str(), unapplied.as_str()) != ("0", "0") {
                    return None;
                }
            }
        }
        let people = |table: &str, id: &str| {
            format!("select coalesce(string_agg({id} || ' ' || version, ',' order by {id}), '') from {table}")
        };
        let known = one(&mut tracker, &people("identity.people", "id")).await;
        let copies = [
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
        let agree = copies.iter().all(|copy| *copy == known) && work == books;
        let paid = one(&mut accounting, "select count(*)::text from accounting.transfers where kind = 'payout'").await;
        let mailed = one(&mut accounting, "select count(*)::text from email.mails").await;
        (agree && paid == mailed).then_some(())
    }
}

/// The text that a query returns in one row and one column.
async fn one(connection: &mut PgConnection, statement: &str) -> String {
    sqlx::query(AssertSqlSafe(statement.to_owned())).fetch_one(connection).await.unwrap().get(0)
}

impl System for Processes {
    /// A client whose requests go to all processes in turn.
    fn api(&self) -> Api {
        Api::of_several(&self.urls())
    }

    async fn first_admin_token(&self) -> String {
        let tokens: Vec<&str> =
            self.servers.iter().filter_map(|server| server.greeting["first_admin_token"].as_str()).collect();
        // A new token invalidates the earlier ones.
        tokens.last().expect("a system without people prints a token").to_string()
    }

    async fn settle(&self) {
        eventually("every module has applied the events of the others", async || self.environment.agreement().await)
            .await;
    }

    fn advance_clock(&self) {}

    /// Closes the day early, by a request.
    async fn close_first_day(&self, accountant: &Person) {
        let days = accountant.api.read("/days?limit=1").await;
        let today: NaiveDate = days["items"][0]["date"].as_str().unwrap().parse().unwrap();
        accountant.api.post_nothing(&format!("/days/{today}/close")).await.expect_status(200);
        self.settle().await;
    }

    /// The directory of the process that hosts email.
    fn mail_directory(&self) -> PathBuf {
        let mut directories =
            std::fs::read_dir(self.environment.data.path()).unwrap().map(|entry| entry.unwrap().path());
        directories.find(|directory| directory.join("mail").is_dir()).expect("a process writes mail").join("mail")
    }

    fn time_zone(&self) -> FixedOffset {
        self.environment.zone
    }
}
