//! Reassign: requesting a run, and executing it chunk by chunk (DOMAIN T4, T6, T7).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::events::tasks::{Assignment, TasksAssigned};
use contracts::{AuditAction, PersonId, ReassignmentId};
use kernel::Tx;
use kernel::events::audit::Audit;
use kernel::http::context::RequestContext;
use kernel::http::rate_limit::{Exceeded, RateLimit};
use kernel::http::trace::TraceContext;
use kernel::runtime::jobs::Outcome;
use kernel::runtime::span::continued;

use crate::domain::{FACTS_PER_EVENT_MAX, NewReassignment, OpenTask, Pool, Reassignment, ReassignmentStatus};
use crate::error::Error;
use crate::service::Tasks;
use crate::store;

/// When a person who has too many unfinished runs may try again, in seconds.
const RUN_RETRY_AFTER_S: u32 = 5;

impl Tasks {
    /// Requests a run that assigns all open tasks again. The run executes in the background, after
    /// the runs that were requested before it.
    pub async fn request_reassignment(&self, requested_by: PersonId) -> Result<Reassignment, Error> {
        let mut tx = self.write.begin_command().await?;
        if !store::lock_order_exclusive(&mut tx).await? {
            return Err(Error::Busy);
        }
        self.check_unfinished_runs(&mut tx, requested_by).await?;
        let id: ReassignmentId = tx.new_id();
        let total = store::count_open_tasks(&mut tx).await?;
        let run = NewReassignment {
            reassignment_id: id,
            person_id: None,
            requested_by: Some(requested_by),
            requested_at: tx.now(),
            total,
            traceparent: TraceContext::current().map(|context| context.to_string()),
        };
        store::insert_reassignment(&mut tx, &run).await?;
        let run = store::load_reassignment(&mut tx, id).await?.ok_or(Error::ReassignmentNotFound)?;
        tx.audit(Audit::new(AuditAction::ReassignRequested).of(id).with("open_tasks", total)).await?;
        tx.wake_on_commit(Arc::clone(&self.run_wanted));
        tx.commit_command(&run).await?;
        tracing::info!(reassignment_id = %id, total, %requested_by, "a reassignment was requested");
        Ok(run)
    }

    /// Refuses a further run of a person whose runs are not finished (DOMAIN T6). The order lock is
    /// held, so two requests at the same time count each other.
    async fn check_unfinished_runs(&self, tx: &mut Tx, requested_by: PersonId) -> Result<(), Error> {
        let Some(policy) = self.unfinished_runs else { return Ok(()) };
        let unfinished = store::count_unfinished_reassignments(tx, requested_by).await?;
        let remaining = policy.quota.saturating_sub(u32::try_from(unfinished).unwrap_or(u32::MAX));
        let limit = RateLimit { policy, remaining: remaining.saturating_sub(1), reset_s: 0 };
        if remaining == 0 {
            return Err(Error::RateLimited(Exceeded { limit, retry_after_s: RUN_RETRY_AFTER_S }));
        }
        if let Some(context) = RequestContext::current() {
            context.note_rate_limit(limit);
        }
        Ok(())
    }

    /// Assigns the next chunk of the first unfinished run. Returns `More` while there is more to
    /// do.
    ///
    /// Assignees, draws, events and the progress of the run commit in one transaction, so a crash
    /// repeats nothing.
    pub async fn reassign_next_chunk(&self) -> Result<Outcome, Error> {
        let result = self.try_next_chunk().await;
        if let Err(error) = &result {
            // The database may be the cause; then the reason cannot be stored either.
            if let Err(store_error) = self.store_failure(&error.to_string()).await {
                tracing::debug!(error = %store_error, "the failure of a reassignment could not be stored");
            }
        }
        result
    }

    /// Stores with the run why its last chunk failed.
    async fn store_failure(&self, reason: &str) -> Result<(), Error> {
        let mut tx = self.write.begin().await?;
        store::update_last_error(&mut tx, reason).await?;
        Ok(tx.commit().await?)
    }

    async fn try_next_chunk(&self) -> Result<Outcome, Error> {
        let mut tx = self.write.begin().await?;
        if !store::lock_runs(&mut tx).await? {
            return Ok(Outcome::Idle);
        }
        store::lock_order_shared(&mut tx).await?;
        let Some(mut run) = store::load_next_reassignment(&mut tx).await? else {
            return Ok(Outcome::Idle);
        };
        let cause = cause_of(&run);
        let span = tracing::info_span!("reassignment", trace_id = cause.as_ref().map(TraceContext::trace_id));
        let before = run.clone();
        self.advance(&mut tx, &mut run).await?;
        run.last_error = None;
        if run == before {
            return Ok(Outcome::Idle);
        }
        store::update_reassignment(&mut tx, &run).await?;
        tx.commit().await?;
        self.progress.notify_waiters();
        span.in_scope(|| log_progress(&run));
        Ok(if run.status == ReassignmentStatus::Blocked { Outcome::Idle } else { Outcome::More })
    }

    /// One step of a run: it assigns a chunk, or completes the run, or blocks it.
    async fn advance(&self, tx: &mut Tx, run: &mut Reassignment) -> Result<(), Error> {
        let now = tx.now();
        run.started_at.get_or_insert(now);
        let pool = store::load_current_pool(tx).await?.filter(|pool| !pool.is_empty());
        if pool.is_none() && store::exists_open_task(tx, run).await? {
            run.status = ReassignmentStatus::Blocked;
            return Ok(());
        }
        let chunk = i64::from(self.settings.reassign_chunk.get());
        let is_assignable_again = |person| pool.as_ref().is_some_and(|pool| pool.members.contains(person));
        let tasks = match &run.person_id {
            // The person is assignable again, so the tasks stay with them and nothing is charged.
            Some(person) if is_assignable_again(person) => Vec::new(),
            _ => store::lock_next_open_tasks(tx, run, chunk).await?,
        };
        let (Some(pool), Some(last)) = (pool, tasks.last().map(|task| task.number)) else {
            // The tasks that are not counted were completed meanwhile, or stay with the person.
            run.status = ReassignmentStatus::Completed;
            run.done = run.total;
            run.finished_at = Some(now);
            return Ok(());
        };
        run.status = ReassignmentStatus::Running;
        continued("reassign", cause_of(run), reassign_chunk(tx, run, &tasks, &pool, now)).await?;
        let numbers: Vec<i64> = tasks.iter().map(|task| task.number).collect();
        run.cost_minor = run.cost_minor.saturating_add(store::load_sum_of_fees(tx, &numbers).await?);
        let completed = store::count_completed_since(tx, run, last).await?;
        let reassigned = i64::try_from(tasks.len()).unwrap_or(i64::MAX);
        run.reassigned = run.reassigned.saturating_add(reassigned);
        run.done = run.done.saturating_add(reassigned).saturating_add(completed).min(run.total);
        run.resume_after = last;
        Ok(())
    }
}

/// Draws an assignee for each task, stores the draws and publishes the assignments.
async fn reassign_chunk(
    tx: &mut Tx,
    run: &Reassignment,
    tasks: &[OpenTask],
    pool: &Pool,
    assigned_at: DateTime<Utc>,
) -> Result<(), Error> {
    let seed = tx.ambient().seed();
    let drawn: Option<Vec<PersonId>> = (0_u32..).zip(tasks).map(|(index, _)| pool.draw(seed, index)).collect();
    let assignees = drawn.ok_or(Error::NobodyAssignable)?;
    let numbers: Vec<i64> = tasks.iter().map(|task| task.number).collect();
    store::update_assignees(tx, run, &numbers, &assignees, pool.pool_id, seed, assigned_at).await?;
    let assignments: Vec<Assignment> = tasks
        .iter()
        .zip(assignees)
        .map(|(task, assignee_id)| Assignment { task_id: task.task_id, number: task.assignment + 1, assignee_id })
        .collect();
    let reassignment_id = run.reassignment_id;
    let facts: Vec<TasksAssigned> = assignments
        .chunks(FACTS_PER_EVENT_MAX)
        .map(|assignments| TasksAssigned { reassignment_id, assigned_at, assignments: assignments.to_vec() })
        .collect();
    Ok(tx.emit_all(&facts).await?)
}

/// The request that caused the run.
fn cause_of(run: &Reassignment) -> Option<TraceContext> {
    run.traceparent.as_deref().and_then(TraceContext::from_header)
}

fn log_progress(run: &Reassignment) {
    let Reassignment { reassignment_id, done, total, reassigned, .. } = run;
    match run.status {
        ReassignmentStatus::Completed => {
            tracing::info!(%reassignment_id, total, reassigned, "a reassignment is completed");
        }
        ReassignmentStatus::Blocked => {
            tracing::warn!(%reassignment_id, "a reassignment is blocked: no person is assignable");
        }
        ReassignmentStatus::Queued | ReassignmentStatus::Running => {
            tracing::debug!(%reassignment_id, done, total, "a chunk of a reassignment is assigned");
        }
    }
}
