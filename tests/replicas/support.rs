//! A whole system on a primary and its replica, with a way to each that can be cut.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use harness::{Pair, Proxy, eventually};
use kernel::Ambient;
use piecework::{Application, Error, Options, config};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::api::{Answer, Api};

const MORNING: &str = "2026-11-02T09:00:00Z";
const PASSWORD: &str = "correct horse battery";
const ADMIN: &str = "ada@example.org";
const DRAIN_DEADLINE: Duration = Duration::from_secs(60);

static PAIR: OnceCell<Arc<Pair>> = OnceCell::const_new();

/// One database with its ways.
pub struct Way {
    pub name: String,
    pub primary: Proxy,
    pub replica: Proxy,
}

/// Two databases of a pair, and a folder.
pub struct Ground {
    pub pair: Arc<Pair>,
    pub tracker: Way,
    pub accounting: Way,
    data: TempDir,
    extra: Vec<(String, String)>,
}

/// A running system.
pub struct World {
    pub ambient: Ambient,
    pub application: Application,
    /// Nobody.
    pub api: Api,
    pub ground: Ground,
}

/// The admin, with what a program keeps of a session.
pub struct Admin {
    pub api: Api,
    pub refresh_token: String,
}

impl Way {
    async fn new(pair: &Pair) -> Self {
        Self {
            name: pair.database().await,
            primary: Proxy::to(pair.primary_port()).await,
            replica: Proxy::to(pair.standby_port()).await,
        }
    }

    pub async fn cut(&mut self) {
        self.primary.cut().await;
        self.replica.cut().await;
    }

    pub async fn mend(&mut self) {
        self.primary.mend().await;
        self.replica.mend().await;
    }
}

impl Ground {
    /// On the servers of all these tests.
    pub async fn new() -> Self {
        Self::on(Arc::clone(PAIR.get_or_init(async || Arc::new(Pair::start().await)).await)).await
    }

    /// On servers of its own, to do to them what it likes.
    pub async fn alone() -> Self {
        Self::on(Arc::new(Pair::start().await)).await
    }

    async fn on(pair: Arc<Pair>) -> Self {
        let (tracker, accounting) = tokio::join!(Way::new(&pair), Way::new(&pair));
        let data = tempfile::tempdir().unwrap();
        Self { pair, tracker, accounting, data, extra: Vec::new() }
    }

    /// One more setting: `TRACKER__MAX_LAG_MS` of the databases.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.extra.push((format!("PIECEWORK__DATABASES__{name}"), value.to_string()));
        self
    }

    pub fn primary_url(&self, way: &Way) -> String {
        way.primary.instead_of(&self.pair.primary_url(&way.name))
    }

    pub fn replica_url(&self, way: &Way) -> String {
        way.replica.instead_of(&self.pair.standby_url(&way.name))
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
        for (name, way) in [("TRACKER", &self.tracker), ("ACCOUNTING", &self.accounting)] {
            settings.insert(format!("PIECEWORK__DATABASES__{name}__WRITE_URL"), self.primary_url(way));
            settings.insert(format!("PIECEWORK__DATABASES__{name}__READ_URLS"), self.replica_url(way));
        }
        settings.extend(self.extra.iter().cloned());
        config::load_from(&settings, &[]).unwrap().config
    }

    pub async fn start(self) -> World {
        let ambient = Ambient::manual(MORNING.parse().unwrap(), 7);
        let application = Application::build(&self.config(), Options::serve(), ambient.clone()).await.unwrap();
        let api = Api::anonymous(format!("http://{}", application.address().unwrap()));
        World { ambient, application, api, ground: self }
    }

    /// Why it does not start.
    pub async fn refused(&self, options: Options) -> Error {
        Application::build(&self.config(), options, Ambient::system()).await.err().expect("it does not start")
    }
}

impl World {
    /// With everything at work.
    pub async fn new() -> Self {
        let world = Ground::new().await.start().await;
        world.until_replicas_are_used().await;
        world
    }

    pub async fn admin(&self) -> Admin {
        let token = self.application.modules.identity.first_admin_link_token().await.unwrap().unwrap();
        let body = json!({ "token": token, "email": ADMIN, "name": "Ada", "password": PASSWORD });
        self.api.post("/auth/set-password", &body).await.expect_status(200);
        self.log_in().await
    }

    pub async fn log_in(&self) -> Admin {
        let body = json!({ "email": ADMIN, "password": PASSWORD });
        let tokens = self.api.post("/auth/login", &body).await.expect_status(200).json;
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        Admin { api: self.api.with_token(&text("access_token")), refresh_token: text("refresh_token") }
    }

    /// Somebody who gets tasks.
    pub async fn hire_worker(&self, admin: &Admin) {
        let body = json!({ "email": "wim@example.org", "name": "Wim", "role": "worker", "password": PASSWORD });
        admin.api.post("/people", &body).await.expect_status(201);
        self.settle().await;
    }

    pub async fn settle(&self) {
        eventually("everything is delivered", async || {
            let left = self.application.drain(DRAIN_DEADLINE).await.ok()?;
            let modules = self.application.state.modules().await.ok()?;
            self.ambient.advance(chrono::Duration::seconds(1));
            (left.is_nothing() && modules.iter().all(|module| module.inbox_retry == 0)).then_some(())
        })
        .await;
    }

    /// Waits until readiness says so of a database.
    pub async fn until_ready(&self, what: &str, looks: impl Fn(&Value) -> bool) {
        eventually(what, async || looks(&self.readiness().await.1).then_some(())).await;
    }

    pub async fn until_replicas_are_used(&self) {
        self.until_ready("both replicas are used", |ready| {
            ["tracker", "accounting"].iter().all(|name| ready["databases"][name]["replicas"] == json!(["fit"]))
        })
        .await;
    }

    pub async fn readiness(&self) -> (u16, Value) {
        let answer = self.api.request_outside(reqwest::Method::GET, "/readyz").send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Stops in good order, with every invariant checked.
    pub async fn finish(self) {
        self.settle().await;
        let report = piecework::verify::verify(&self.application).await.unwrap();
        assert!(report.findings.is_empty(), "{:#?}", report.findings);
        assert_eq!((report.events_in_flight, report.events_parked), (0, 0));
        self.application.stop().await;
    }
}

/// A task, by a command.
pub async fn create(admin: &Admin, title: &str) -> Answer {
    admin.api.post("/tasks", &json!({ "title": title })).await
}

pub fn position(answer: &Answer) -> String {
    answer.header("x-piecework-position").expect("a command says where it wrote").to_owned()
}

pub fn is_stale(answer: &Answer) -> bool {
    answer.header("x-piecework-stale") == Some("true")
}

/// A read of somebody who has seen `position`.
pub async fn read_after(admin: &Admin, path: &str, position: &str) -> Answer {
    let request = admin.api.request(reqwest::Method::GET, path).header("x-piecework-position", position);
    crate::api::send(request).await
}

pub fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}
