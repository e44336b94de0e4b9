//! The environment of an application whose databases have a replica. A proxy leads to each server
//! and can be cut.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::Ambient;
use piecework::{Application, Error, Options, config};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::api::Api;
use super::app::{DRAIN_DEADLINE, TestApp};
use super::environment::{MORNING, at};
use crate::{Pair, Proxy, eventually};

/// The servers of all tests that do not need servers of their own.
static PAIR: OnceCell<Arc<Pair>> = OnceCell::const_new();

/// One database, with a proxy to each of its servers, named by what they are at first.
pub struct DatabaseProxies {
    pub name: String,
    pub primary: Proxy,
    pub replica: Proxy,
}

/// Two databases on a primary and a replica, and a data directory.
pub struct ReplicatedEnvironment {
    pub pair: Arc<Pair>,
    pub tracker: DatabaseProxies,
    pub accounting: DatabaseProxies,
    data: TempDir,
    /// Settings in addition to those of every test.
    extra: Vec<(String, String)>,
}

impl DatabaseProxies {
    async fn new(pair: &Pair) -> Self {
        Self {
            name: pair.database().await,
            primary: Proxy::to(pair.primary_port()).await,
            replica: Proxy::to(pair.standby_port()).await,
        }
    }

    /// Makes both servers unreachable.
    pub async fn cut(&mut self) {
        self.primary.cut().await;
        self.replica.cut().await;
    }

    /// Makes both servers reachable again.
    pub async fn restore(&mut self) {
        self.primary.restore().await;
        self.replica.restore().await;
    }
}

impl ReplicatedEnvironment {
    /// New databases on servers that other tests use too.
    pub async fn new() -> Self {
        Self::on(Arc::clone(PAIR.get_or_init(async || Arc::new(Pair::start().await)).await)).await
    }

    /// Databases on servers of their own, which the test may stop and pause.
    pub async fn with_own_servers() -> Self {
        Self::on(Arc::new(Pair::start().await)).await
    }

    async fn on(pair: Arc<Pair>) -> Self {
        let (tracker, accounting) = tokio::join!(DatabaseProxies::new(&pair), DatabaseProxies::new(&pair));
        let data = tempfile::tempdir().unwrap();
        Self { pair, tracker, accounting, data, extra: Vec::new() }
    }

    /// The former primary comes back as a replica of the promoted server. The proxies to it stay
    /// the same.
    pub async fn return_former_primary(&mut self) {
        let pair = Arc::get_mut(&mut self.pair).expect("the test has servers of its own");
        pair.return_former_primary().await;
        for database in [&mut self.tracker, &mut self.accounting] {
            database.primary.lead_to(self.pair.standby_port()).await;
        }
    }

    /// Adds a setting of the databases, such as `TRACKER__MAX_LAG_MS`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.extra.push((format!("PIECEWORK__DATABASES__{name}"), value.to_string()));
        self
    }

    /// The URL of a database on its primary, through the proxy.
    #[must_use]
    pub fn primary_url(&self, database: &DatabaseProxies) -> String {
        database.primary.instead_of(&self.pair.primary_url(&database.name))
    }

    /// The URL of a database on its replica, through the proxy.
    #[must_use]
    pub fn replica_url(&self, database: &DatabaseProxies) -> String {
        database.replica.instead_of(&self.pair.standby_url(&database.name))
    }

    fn config(&self) -> config::Config {
        let mut settings = BTreeMap::from(
            [
                ("PIECEWORK_PROFILE", "test".to_owned()),
                ("PIECEWORK__DATA_DIR", self.data.path().display().to_string()),
                ("PIECEWORK__HTTP__WORKERS", "2".to_owned()),
                ("PIECEWORK__AUTH__ACCESS_TOKEN_S", "86400".to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        for (name, database) in [("TRACKER", &self.tracker), ("ACCOUNTING", &self.accounting)] {
            settings.insert(format!("PIECEWORK__DATABASES__{name}__WRITE_URL"), self.primary_url(database));
            settings.insert(format!("PIECEWORK__DATABASES__{name}__READ_URLS"), self.replica_url(database));
        }
        settings.extend(self.extra.iter().cloned());
        config::load_from(&settings, &[]).unwrap().config
    }

    /// Starts the application.
    pub async fn start(self) -> TestApp<Self> {
        let ambient = Ambient::manual(at(MORNING), 7);
        let application = Application::build(&self.config(), Options::serve(), ambient.clone()).await.unwrap();
        let api = Api::anonymous(format!("http://{}", application.address().unwrap()));
        TestApp { ambient, application, api, environment: self }
    }

    /// The error of a start that must fail.
    pub async fn start_error(&self, options: Options) -> Error {
        Application::build(&self.config(), options, Ambient::system())
            .await
            .err()
            .expect("the application must not start")
    }
}

impl TestApp<ReplicatedEnvironment> {
    /// An application that reads from both replicas.
    pub async fn on_replicas() -> Self {
        let app = ReplicatedEnvironment::new().await.start().await;
        app.until_replicas_are_used().await;
        app
    }

    /// Waits until every event is delivered, also after errors of the databases.
    pub async fn settle(&self) {
        eventually("every event is delivered", async || {
            let left = self.application.drain(DRAIN_DEADLINE).await.ok()?;
            let modules = self.application.status.modules().await.ok()?;
            self.ambient.advance(chrono::Duration::seconds(1));
            (left.is_nothing() && modules.iter().all(|module| module.inbox_retry == 0)).then_some(())
        })
        .await;
    }

    /// Waits until the readiness document fulfils a condition.
    pub async fn until_ready(&self, what: &str, is_fulfilled: impl Fn(&Value) -> bool) {
        eventually(what, async || is_fulfilled(&self.readiness().await.1).then_some(())).await;
    }

    pub async fn until_replicas_are_used(&self) {
        self.until_ready("both replicas are used", |ready| {
            ["tracker", "accounting"].iter().all(|name| ready["databases"][name]["replicas"] == json!(["healthy"]))
        })
        .await;
    }

    /// The status and the body of `/readyz`.
    pub async fn readiness(&self) -> (u16, Value) {
        let answer = self.api.request_outside(reqwest::Method::GET, "/readyz").send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Asserts that every invariant holds, then stops the application.
    pub async fn finish(self) {
        self.settle().await;
        self.assert_verified().await;
        self.application.stop().await;
    }
}
