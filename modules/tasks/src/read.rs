//! Reading tasks, their assignments and reassign runs.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{PersonId, ReassignmentId, TaskId};
use kernel::http::paging::Limit;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{
    PoolMember, Reassignment, ReassignmentPreview, ReassignmentStatus, ShownPool, Sort, Status, Task, TaskAssignment,
    TaskCounts, TaskFilter, TaskPosition, merge_pages,
};
use crate::error::Error;
use crate::service::Tasks;
use crate::store;

/// Maximum difference between the times of two tasks whose numbers have another order: the clocks
/// of two processes differ less, and a creation does not take as long.
const DISORDER_MAX: TimeDelta = TimeDelta::minutes(10);

/// Tasks are counted up to this number.
const COUNTED_TASKS_MAX: i64 = 1_000;

impl Tasks {
    /// One task.
    pub async fn get_task(&self, task_id: TaskId) -> Result<Task, Error> {
        let task = self.read.run(async |connection| store::load_task(connection, task_id).await);
        task.await?.ok_or(Error::TaskNotFound)
    }

    /// Tasks of the filter after the position `after`, in the filter's order; one more than the
    /// limit if there are more.
    pub async fn list_tasks(
        &self,
        filter: &TaskFilter,
        after: Option<TaskPosition>,
        limit: Limit,
    ) -> Result<Vec<Task>, Error> {
        let (value, before) = after.unwrap_or((i64::MAX, i64::MAX));
        let list = async |connection: &mut PgConnection| match (filter.sort, filter.assignee, &filter.search) {
            (Sort::Completed, person, _) => {
                let before = (DateTime::from_timestamp_micros(value).unwrap_or(DateTime::<Utc>::MAX_UTC), before);
                match person {
                    None => store::list_latest_completions(connection, before, limit).await,
                    Some(person) => store::list_latest_completions_of_person(connection, person, before, limit).await,
                }
            }
            (Sort::Reward, Some(person), _) => {
                store::list_open_tasks_by_reward(connection, person, (value, before), limit).await
            }
            (_, _, Some(search)) => store::list_tasks_by_search(connection, filter, search, before, limit.rows()).await,
            _ if filter.has_times() => list_by_time(connection, filter, before, limit).await,
            _ => list_by_status(connection, filter, before, limit).await,
        };
        Ok(self.read.run(list).await?)
    }

    /// A task and its assignments whose number is above `after`, oldest first; one more than the
    /// limit if there are more.
    pub async fn get_task_history(
        &self,
        task_id: TaskId,
        after: Option<i32>,
        limit: Limit,
    ) -> Result<(Task, Vec<TaskAssignment>), Error> {
        let after = after.unwrap_or(0);
        let load = async |connection: &mut PgConnection| {
            let Some(task) = store::load_task(connection, task_id).await? else { return Ok(None) };
            let assignments = store::list_assignments(connection, task.number, after, limit.rows()).await?;
            Ok(Some((task, assignments)))
        };
        self.read.run(load).await?.ok_or(Error::TaskNotFound)
    }

    /// The numbers of open tasks and unfinished runs.
    pub async fn get_summary(&self, person_id: PersonId) -> Result<TaskCounts, Error> {
        let count = async |connection: &mut PgConnection| {
            store::count_shown_tasks(connection, person_id, COUNTED_TASKS_MAX).await
        };
        Ok(self.read.run(count).await?)
    }

    /// A pool, with its people from the place `first` on; one more than the limit if there are
    /// more.
    pub async fn get_pool(&self, pool_id: i64, first: usize, limit: Limit) -> Result<ShownPool, Error> {
        let rows = usize::try_from(limit.rows()).unwrap_or_default();
        let load = async |connection: &mut PgConnection| {
            let Some(pool) = store::load_pool(connection, pool_id).await? else { return Ok(None) };
            let Some(created_at) = store::load_pool_created_at(connection, pool_id).await? else { return Ok(None) };
            let page: Vec<(usize, PersonId)> =
                pool.members.iter().copied().enumerate().skip(first).take(rows).collect();
            let ids: Vec<PersonId> = page.iter().map(|(_, person_id)| *person_id).collect();
            let mut names = store::list_names(connection, &ids).await?;
            let members = page.into_iter().map(|(place, person_id)| {
                let name = names.remove(&person_id);
                PoolMember { place, person_id, name }
            });
            Ok(Some(ShownPool { created_at, size: pool.members.len(), members: members.collect() }))
        };
        self.read.run(load).await?.ok_or(Error::PoolNotFound)
    }

    /// One reassign run.
    pub async fn get_reassignment(&self, id: ReassignmentId) -> Result<Reassignment, Error> {
        let run = self.read.run(async |connection| store::load_reassignment(connection, id).await);
        run.await?.ok_or(Error::ReassignmentNotFound)
    }

    /// Runs that were requested before the run `before`, newest first, of one status or of any; one
    /// more than the limit if there are more.
    pub async fn list_reassignments(
        &self,
        status: Option<ReassignmentStatus>,
        before: Option<i64>,
        limit: Limit,
    ) -> Result<Vec<Reassignment>, Error> {
        let before = before.unwrap_or(i64::MAX);
        let list = async |connection: &mut PgConnection| {
            store::list_reassignments(connection, status, before, limit.rows()).await
        };
        Ok(self.read.run(list).await?)
    }

    /// What a reassign of all open tasks would cost now.
    pub async fn preview_reassignment(&self) -> Result<ReassignmentPreview, Error> {
        Ok(self.read.run(async |connection| store::load_reassignment_preview(connection).await).await?)
    }
}

/// One page of a list without a search text. Open tasks are read before completed ones, so that a
/// task that is completed in between is in both lists rather than in none.
async fn list_by_status(
    connection: &mut PgConnection,
    filter: &TaskFilter,
    before: i64,
    limit: Limit,
) -> Result<Vec<Task>, sqlx::Error> {
    let open = match (filter.includes(Status::Open), filter.assignee) {
        (false, _) => Vec::new(),
        (true, None) => store::list_open_tasks(connection, before, limit).await?,
        (true, Some(person)) => store::list_open_tasks_of_person(connection, person, before, limit).await?,
    };
    let completed = match (filter.includes(Status::Completed), filter.assignee) {
        (false, _) => Vec::new(),
        (true, None) => store::list_completed_tasks(connection, before, limit).await?,
        (true, Some(person)) => store::list_completed_tasks_of_person(connection, person, before, limit).await?,
    };
    Ok(merge_pages(open, completed, limit.rows()))
}

/// One page of the tasks that were created within a time. Numbers and times of creation have almost
/// the same order, so only tasks between two numbers are read, and a page is filled from as many
/// reads as it needs.
async fn list_by_time(
    connection: &mut PgConnection,
    filter: &TaskFilter,
    before: i64,
    limit: Limit,
) -> Result<Vec<Task>, sqlx::Error> {
    let from = filter.created_from.map_or(Uuid::nil(), |from| first_id_at(from - DISORDER_MAX));
    let to = filter.created_before.map_or(Uuid::max(), |before| first_id_at(before + DISORDER_MAX));
    let (older, newer) = store::load_number_bounds(connection, from, to).await?;
    let (mut before, mut found) = (newer.map_or(before, |newer| before.min(newer)), Vec::new());
    let rows = usize::try_from(limit.rows()).unwrap_or_default();
    loop {
        let tasks = list_by_status(connection, filter, before, limit).await?;
        let last = tasks.last().filter(|_| tasks.len() >= rows).map(|task| task.number);
        found.extend(tasks.into_iter().filter(|task| filter.includes_time(task.created_at)));
        match last.filter(|last| older.is_none_or(|older| *last > older)) {
            Some(last) if found.len() < rows => before = last,
            _ => break,
        }
    }
    found.truncate(rows);
    Ok(found)
}

/// The lowest UUIDv7 of this time.
pub(crate) fn first_id_at(time: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(time.timestamp_millis()).unwrap_or_default().min((1 << 48) - 1);
    Uuid::from_u128(u128::from(millis) << 80)
}
