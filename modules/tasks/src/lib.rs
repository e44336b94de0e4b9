//! Tasks: creates, assigns by a random draw, completes and reassigns them.
#![doc = include_str!("../README.md")]

mod command_batches;
mod complete;
mod create;
mod domain;
mod error;
mod http;
mod import;
mod jobs;
mod read;
mod reassign;
mod replay;
mod service;
mod settings;
mod store;
mod subscriber;
mod throttle;
mod verify;

use std::sync::Arc;

use kernel::Module;

pub use complete::{Completion, Refusal};
pub use create::CREATED_TASKS;
pub use domain::{
    InvalidTask, NewTask, Price, RawTask, Reassignment, ReassignmentPreview, ReassignmentStatus, Sort, Status, Task,
    TaskAssignment, TaskFact, TaskFilter, TaskPeople, TaskPosition, draw,
};
pub use error::{Error, PROBLEM_CODES};
pub use import::{AddedRows, Import, ImportRow, RefusedRow, RepeatedRow};
pub use service::Tasks;
pub use settings::Settings;
pub use subscriber::EVENT_TYPES;

/// The migrations of the schema `tasks` and of its report views.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations/tasks");

impl Tasks {
    /// The module as the process that hosts it sees it.
    #[must_use]
    pub fn module(&self) -> Module {
        let (service, replaying) = (self.clone(), self.clone());
        Module::new("tasks", move |config| http::routes(config, service.clone()))
            .with_schema(self.write.clone())
            .with_subscriber(subscriber::TasksSubscriber::new(Arc::clone(&self.run_wanted)))
            .with_job(jobs::reassign(self))
            .on_replay(move |replay| {
                let tasks = replaying.clone();
                async move { tasks.replay(&replay).await }
            })
            .with_job(jobs::prune_idempotency_keys(self))
    }
}
