//! Creating one task or several (DOMAIN T2).

use contracts::PersonId;
use contracts::events::tasks::TasksCreated;
use kernel::http::PersonLimits;

use crate::command_batches::create_tasks;
use crate::domain::{CreateTask, NewTask, RawTask, Task};
use crate::error::Error;
use crate::service::Tasks;

/// The name of the limit of tasks that a person creates. The gateway takes one of it for each
/// single creation.
pub const CREATED_TASKS: &str = "created_tasks";

impl Tasks {
    /// Creates one task and assigns it by a random draw (DOMAIN T2).
    pub async fn create_task(&self, raw: RawTask, created_by: PersonId) -> Result<Task, Error> {
        let task = NewTask::parse(raw)?;
        self.create.run(CreateTask { task, created_by: Some(created_by), import_key: None }).await
    }

    /// Creates all tasks or none, and assigns each by a draw of its own (DOMAIN T2). Returns them
    /// in the order given. `Error::RateLimited` if they are more than `limits` allow the person.
    pub async fn create_tasks(
        &self,
        raw: Vec<RawTask>,
        created_by: PersonId,
        limits: &PersonLimits,
    ) -> Result<Vec<Task>, Error> {
        let command = |task| CreateTask { task, created_by: Some(created_by), import_key: None };
        let commands: Vec<CreateTask> = NewTask::parse_all(raw)?.into_iter().map(command).collect();
        let mut tx = self.write.begin_command().await?;
        // A repetition has been answered before: it creates nothing, so it takes nothing.
        let number = u32::try_from(commands.len()).unwrap_or(u32::MAX);
        limits.take(CREATED_TASKS, created_by, number).map_err(Error::RateLimited)?;
        let (ambient, envelope) = (tx.ambient().clone(), tx.envelope::<TasksCreated>()?);
        let tasks = create_tasks(&mut tx, &ambient, &envelope, &commands, &mut None).await?;
        tx.commit_command(&tasks).await?;
        Ok(tasks)
    }
}
