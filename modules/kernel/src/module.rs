//! What a module gives to the process that hosts it.

use std::future::Future;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::db::{DbError, WritePool};
use crate::events::inbox::Subscriber;
use crate::events::replay::Replay;
use crate::runtime::jobs::Job;

/// Adds a module's routes to the API, below `/api/v1`.
pub type Routes = Arc<dyn Fn(&mut ServiceConfig<'_>) + Send + Sync>;

/// A function of a module that startup calls while it opens the module's database.
pub type StartupHook = Arc<dyn Fn(ProcessKind) -> BoxFuture<'static, Result<(), StartupError>> + Send + Sync>;

/// A function of a module that finds what a person has to do before the module works as meant.
pub type FindNotices = Arc<dyn Fn() -> BoxFuture<'static, Result<Vec<Notice>, DbError>> + Send + Sync>;

/// A function of a module that sets its gauges.
pub type Measure = Arc<dyn Fn() -> BoxFuture<'static, Result<(), DbError>> + Send + Sync>;

/// A function of a module that publishes the facts of its tables again.
pub type ReplayFacts = Arc<dyn Fn(Replay) -> BoxFuture<'static, Result<(), DbError>> + Send + Sync>;

/// Something that a person has to do before a module works as meant.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Notice {
    /// What the module found.
    pub found: String,
    /// What a person can do about it.
    pub advice: String,
}

/// What the process that starts is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessKind {
    /// It answers requests and runs jobs until it is stopped.
    Server,
    /// It does one piece of work and ends. It may run beside a server.
    Command,
}

/// Why a module cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartupError {
    /// The module's database failed. Startup tries again if the database is unavailable.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The process that hosts the module has to prepare it first. Startup tries again.
    #[error("the process that hosts the module has not prepared it yet")]
    NotPrepared,
    /// The module found something that it cannot work with. A person must act.
    #[error("{0}")]
    Failed(String),
}

/// A module as the process that hosts it sees it. Clones share everything.
#[derive(Clone)]
pub struct Module {
    /// The module's name, which is also the name of its schema and the first part of its jobs'
    /// names.
    pub name: &'static str,
    /// Adds the module's routes to the API.
    pub routes: Routes,
    /// The pool that writes the module's schema, in which its outbox and its inbox are. `None` for
    /// a module that owns no schema.
    pub write: Option<WritePool>,
    /// Applies the events that the module subscribes to. `None` for a module that subscribes to
    /// none.
    pub subscriber: Option<Arc<dyn Subscriber>>,
    /// The module's background work.
    pub jobs: Vec<Job>,
    /// Called in a process that hosts the module: see [`Module::on_prepare`].
    pub prepare: Option<StartupHook>,
    /// Called in a process that does not host the module: see [`Module::on_prepare_remote`].
    pub prepare_remote: Option<StartupHook>,
    /// Called in a server that hosts the module: see [`Module::on_catch_up`].
    pub catch_up: Option<StartupHook>,
    /// Called every fifteen seconds in a server, and by the doctor: see [`Module::with_notices`].
    pub find_notices: Option<FindNotices>,
    /// Called every few seconds in a server: see [`Module::on_measure`].
    pub measure: Option<Measure>,
    /// Called by `piecework events replay`: see [`Module::on_replay`].
    pub replay: Option<ReplayFacts>,
}

impl Module {
    /// A module that has routes and nothing else.
    pub fn new(name: &'static str, routes: impl Fn(&mut ServiceConfig<'_>) + Send + Sync + 'static) -> Self {
        Self {
            name,
            routes: Arc::new(routes),
            write: None,
            subscriber: None,
            jobs: Vec::new(),
            prepare: None,
            prepare_remote: None,
            catch_up: None,
            find_notices: None,
            measure: None,
            replay: None,
        }
    }

    /// The module owns a schema, and this pool writes it.
    #[must_use]
    pub fn with_schema(mut self, write: WritePool) -> Self {
        self.write = Some(write);
        self
    }

    /// The module subscribes to events.
    #[must_use]
    pub fn with_subscriber(mut self, subscriber: impl Subscriber) -> Self {
        self.subscriber = Some(Arc::new(subscriber));
        self
    }

    /// The module has background work.
    #[must_use]
    pub fn with_job(mut self, job: Job) -> Self {
        self.jobs.push(job);
        self
    }

    /// `prepare` makes the module ready: it runs after the migrations of the module's database and
    /// before the first request, event and job. It is safe to repeat, and in several processes at
    /// once.
    #[must_use]
    pub fn on_prepare<Work>(mut self, prepare: impl Fn(ProcessKind) -> Work + Send + Sync + 'static) -> Self
    where
        Work: Future<Output = Result<(), StartupError>> + Send + 'static,
    {
        self.prepare = Some(Arc::new(move |kind| Box::pin(prepare(kind))));
        self
    }

    /// `prepare` loads what a process needs of the module although another process hosts it. It
    /// writes nothing. It runs at the time of [`Module::on_prepare`], in its place.
    #[must_use]
    pub fn on_prepare_remote<Work>(mut self, prepare: impl Fn() -> Work + Send + Sync + 'static) -> Self
    where
        Work: Future<Output = Result<(), StartupError>> + Send + 'static,
    {
        self.prepare_remote = Some(Arc::new(move |_| Box::pin(prepare())));
        self
    }

    /// `catch_up` does what became due while no process ran. It runs in servers only, after every
    /// module of the database is prepared and before the module applies an event.
    #[must_use]
    pub fn on_catch_up<Work>(mut self, catch_up: impl Fn() -> Work + Send + Sync + 'static) -> Self
    where
        Work: Future<Output = Result<(), StartupError>> + Send + 'static,
    {
        self.catch_up = Some(Arc::new(move |_| Box::pin(catch_up())));
        self
    }

    /// `find` reports what a person has to do before the module works as meant. It reads only.
    #[must_use]
    pub fn with_notices<Work>(mut self, find: impl Fn() -> Work + Send + Sync + 'static) -> Self
    where
        Work: Future<Output = Result<Vec<Notice>, DbError>> + Send + 'static,
    {
        self.find_notices = Some(Arc::new(move || Box::pin(find())));
        self
    }

    /// `measure` reads what the module's gauges show, and sets them.
    #[must_use]
    pub fn on_measure<Work>(mut self, measure: impl Fn() -> Work + Send + Sync + 'static) -> Self
    where
        Work: Future<Output = Result<(), DbError>> + Send + 'static,
    {
        self.measure = Some(Arc::new(move || Box::pin(measure())));
        self
    }

    /// `replay` publishes the facts in the module's tables again, in batches. A fact that a
    /// subscriber knows already must change nothing there, also in an event with another id.
    #[must_use]
    pub fn on_replay<Work>(mut self, replay: impl Fn(Replay) -> Work + Send + Sync + 'static) -> Self
    where
        Work: Future<Output = Result<(), DbError>> + Send + 'static,
    {
        self.replay = Some(Arc::new(move |request| Box::pin(replay(request))));
        self
    }
}
