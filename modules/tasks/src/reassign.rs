//! Reassigning: asking for a run, and working on it chunk by chunk (DOMAIN T4, T6, T7).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::events::tasks::{Assignment, TasksAssigned};
use contracts::{PersonId, ReassignmentId};
use kernel::Tx;
use kernel::jobs::Outcome;
use kernel::paging::Limit;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::draw;
use crate::error::Error;
use crate::service::{FACTS_PER_EVENT, Tasks, outcome};
use crate::store::{self, OpenTask, PreviewRow, ReassignmentRow};

impl Tasks {
    /// Asks for all open tasks to be drawn anew. The run starts in the background, after those asked for before it.
    pub async fn request_reassignment(&self, requested_by: PersonId) -> Result<ReassignmentRow, Error> {
        let mut tx = self.write.begin().await?;
        store::lock_order_exclusive(&mut tx).await.map_err(busy)?;
        let (id, now) = (tx.new_id::<contracts::ReassignmentId>().uuid(), tx.now());
        let total = store::count_open_tasks(&mut tx).await?;
        store::insert_reassignment(&mut tx, id, None, Some(requested_by.uuid()), total, now).await?;
        let run = store::load_reassignment(&mut tx, id).await?.ok_or(Error::ReassignmentNotFound)?;
        tx.wake_on_commit(Arc::clone(&self.run_wanted));
        tx.commit().await?;
        tracing::info!(reassignment_id = %id, total, "a reassignment was asked for");
        Ok(run)
    }

    pub async fn load_reassignment(&self, id: ReassignmentId) -> Result<ReassignmentRow, Error> {
        let run = self.read.run(async |connection| store::load_reassignment(connection, id.uuid()).await);
        run.await?.ok_or(Error::ReassignmentNotFound)
    }

    /// Runs asked for before `before`, newest first; one more than the limit if there are more.
    pub async fn list_reassignments(&self, before: Option<i64>, limit: Limit) -> Result<Vec<ReassignmentRow>, Error> {
        let before = before.unwrap_or(i64::MAX);
        let list =
            async |connection: &mut PgConnection| store::list_reassignments(connection, before, limit.rows()).await;
        Ok(self.read.run(list).await?)
    }

    /// What reassigning everything now would cost.
    pub async fn preview_reassignment(&self) -> Result<PreviewRow, Error> {
        Ok(self.read.run(async |connection| store::load_preview(connection).await).await?)
    }

    /// Draws the next chunk of the run whose turn it is; `More` while there is something left to do.
    ///
    /// Everything of a chunk commits together: assignees, draws, events and how far the run is. So a crash repeats nothing.
    pub async fn reassign_next_chunk(&self) -> Result<Outcome, Error> {
        let result = self.try_next_chunk().await;
        if let Err(error) = &result {
            // Best effort: the database may be the very reason.
            if let Err(unwritten) = self.note_failure(&error.to_string()).await {
                tracing::debug!(error = %unwritten, "why a reassignment does not go on could not be kept");
            }
        }
        result
    }

    /// Shows with the run why it does not go on.
    async fn note_failure(&self, reason: &str) -> Result<(), Error> {
        let mut tx = self.write.begin().await?;
        store::update_last_error(&mut tx, reason).await?;
        Ok(tx.commit().await?)
    }

    async fn try_next_chunk(&self) -> Result<Outcome, Error> {
        let mut tx = self.write.begin().await?;
        if !store::try_lock_runs(&mut tx).await? {
            return Ok(Outcome::Idle);
        }
        store::lock_order_shared(&mut tx).await?;
        let Some(mut run) = store::load_next_reassignment(&mut tx).await? else {
            return Ok(Outcome::Idle);
        };
        let before = run.clone();
        self.advance(&mut tx, &mut run).await?;
        run.last_error = None;
        if run == before {
            return Ok(Outcome::Idle);
        }
        store::update_reassignment(&mut tx, &run).await?;
        tx.commit().await?;
        self.progress.notify_waiters();
        report(&run);
        Ok(outcome(run.status != "blocked"))
    }

    /// One step of a run: a chunk, or its end, or finding that nobody can be drawn.
    async fn advance(&self, tx: &mut Tx, run: &mut ReassignmentRow) -> Result<(), Error> {
        let now = tx.now();
        run.started_at.get_or_insert(now);
        let (pool_id, members) = store::load_pool(tx).await?.unwrap_or_default();
        if members.is_empty() && store::has_open_tasks(tx, run).await? {
            run.status = "blocked".to_owned();
            return Ok(());
        }
        let chunk = i64::from(self.settings.reassign_chunk.get());
        let tasks = match run.person_id {
            // They may have tasks again, so nothing needs to be moved, nor charged.
            Some(person_id) if members.contains(&person_id) => Vec::new(),
            _ => store::lock_next_open_tasks(tx, run, chunk).await?,
        };
        let Some(last) = tasks.last().map(|task| task.number) else {
            // Whatever is not counted yet was closed meanwhile, or stays with the person.
            run.status = "completed".to_owned();
            run.done = run.total;
            run.finished_at = Some(now);
            return Ok(());
        };
        run.status = "running".to_owned();
        draw_and_tell(tx, run, &tasks, pool_id, &members, now).await?;
        let closed = store::count_closed_since(tx, run, last).await?;
        let drawn = i64::try_from(tasks.len()).unwrap_or(i64::MAX);
        run.reassigned = run.reassigned.saturating_add(drawn);
        run.done = run.done.saturating_add(drawn).saturating_add(closed).min(run.total);
        run.resume_after = last;
        Ok(())
    }
}

/// Draws an assignee for each task, stores the draws and tells accounting.
async fn draw_and_tell(
    tx: &mut Tx,
    run: &ReassignmentRow,
    tasks: &[OpenTask],
    pool_id: i64,
    members: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let seed = tx.ambient().seed();
    let numbers: Vec<i64> = tasks.iter().map(|task| task.number).collect();
    let assignees: Vec<Uuid> =
        (0_u32..).zip(tasks).map(|(index, _)| members[draw(seed, index, members.len())]).collect();
    store::reassign_tasks(tx, run, &numbers, &assignees, pool_id, seed, now).await?;
    let assignments: Vec<Assignment> = tasks
        .iter()
        .zip(&assignees)
        .map(|(task, assignee)| Assignment {
            task_id: task.task_id.into(),
            number: task.assignment + 1,
            assignee_id: (*assignee).into(),
        })
        .collect();
    let (reassignment_id, assigned_at) = (run.reassignment_id.into(), now);
    let facts: Vec<TasksAssigned> = assignments
        .chunks(FACTS_PER_EVENT)
        .map(|assignments| TasksAssigned { reassignment_id, assigned_at, assignments: assignments.to_vec() })
        .collect();
    Ok(tx.emit_all(&facts).await?)
}

fn report(run: &ReassignmentRow) {
    let (reassignment_id, done, total) = (run.reassignment_id, run.done, run.total);
    match run.status.as_str() {
        "completed" => {
            tracing::info!(%reassignment_id, total, reassigned = run.reassigned, "a reassignment is complete");
        }
        "blocked" => tracing::warn!(%reassignment_id, "a reassignment waits: nobody can be assigned a task"),
        _ => tracing::debug!(%reassignment_id, done, total, "a reassignment goes on"),
    }
}

/// The order lock was not to be had in time: something long holds it.
fn busy(error: sqlx::Error) -> Error {
    if store::is_lock_timeout(&error) { Error::Busy } else { error.into() }
}
