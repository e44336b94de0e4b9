//! Tasks as they are created, completed and read.

use chrono::{DateTime, Utc};
use contracts::{Money, PersonId, ReassignmentId, TaskId};
use kernel::{Fault, FieldCode, FieldError};
use serde::Deserialize;

use super::new_task::NewTask;

/// The status of a task (DOMAIN T1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The task has an assignee and is not completed.
    Open,
    /// The task was completed by its last assignee.
    Completed,
}

/// The order of a list of tasks. Each has an index, or is of one person's open tasks only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// The newest task first.
    #[default]
    Created,
    /// The latest completion first. Only for completed tasks.
    Completed,
    /// The highest reward first, and tasks without a price last. Only for the open tasks of one
    /// person.
    Reward,
}

/// The position of a task in a list: the value that the list is sorted by, and the task's number.
pub type TaskPosition = (i64, i64);

/// The tasks that a list contains, and their order. A field that is `None` excludes no task.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    /// The order.
    pub sort: Sort,
    /// Only tasks of this status.
    pub status: Option<Status>,
    /// Only open tasks assigned to this person and tasks completed by this person.
    pub assignee: Option<PersonId>,
    /// Only tasks whose title or reference contains this text, in upper or lower case.
    pub search: Option<String>,
    /// Only tasks that were created at this time or later.
    pub created_from: Option<DateTime<Utc>>,
    /// Only tasks that were created before this time.
    pub created_before: Option<DateTime<Utc>>,
}

/// A task as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The task's place in the order of creations, completions and runs. Lists are ordered by it.
    pub number: i64,
    /// The task's public id.
    pub task_id: TaskId,
    /// The title, without a reference in brackets (DOMAIN T3).
    pub title: String,
    /// The ticket reference, such as `POP-42`.
    pub reference: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// An http or https address.
    pub link: Option<String>,
    /// The person who created it; `None` for an imported task whose file names no creator.
    pub created_by: Option<PersonId>,
    /// The name of that person; `None` also if the module does not know the person yet.
    pub created_by_name: Option<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// The current assignee of an open task; the person who completed a completed one.
    pub assignee_id: PersonId,
    /// The assignee's name; `None` if the module does not know the person yet.
    pub assignee_name: Option<String>,
    /// Number of assignments: one at creation, and one for each reassign of the task.
    pub assignments: i32,
    /// When it was completed; `None` for an open task.
    pub completed_at: Option<DateTime<Utc>>,
    /// The price; `None` until accounting has set it.
    pub price: Option<Price>,
}

/// The price of a task (DOMAIN A2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// What each assignment costs the assignee. Positive.
    pub fee: Money,
    /// What the completion earns. Positive.
    pub reward: Money,
}

/// One assignment of a task, with its draw (DOMAIN T8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskAssignment {
    /// 1 at creation, then one more at each reassign.
    pub number: i32,
    /// The person the draw chose.
    pub assignee_id: PersonId,
    /// The person's name; `None` if the module does not know the person yet.
    pub assignee_name: Option<String>,
    /// When the task was assigned.
    pub assigned_at: DateTime<Utc>,
    /// The pool the draw chose from.
    pub pool_id: i64,
    /// Number of people in that pool.
    pub pool_size: i32,
    /// The seed of the transaction's draws.
    pub seed: i64,
    /// The place of this draw among the draws of the seed, from 0.
    pub draw_index: i32,
    /// The run that assigned the task; `None` at creation.
    pub reassignment_id: Option<ReassignmentId>,
}

/// Numbers of tasks and runs. Tasks are counted up to a maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskCounts {
    /// Number of the open tasks of one person.
    pub open_of_person: i64,
    /// Number of all open tasks.
    pub open: i64,
    /// Number of the runs that are not completed.
    pub unfinished_runs: i64,
}

/// What the ledger must contain about a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFact {
    /// The task.
    pub task_id: TaskId,
    /// Number of assignments. The ledger must have as many fees.
    pub assignments: i64,
    /// The person who must have the reward; `None` for an open task.
    pub completed_by: Option<PersonId>,
    /// A digest of the assignee of each assignment, who must have paid its fee; `None` without any.
    pub charged: Option<String>,
    /// The fee and the reward that the task shows, in minor units; `None` before its price is
    /// known.
    pub price_minor: Option<(i64, i64)>,
}

/// The people of a task, by whom each booking of it must be explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskPeople {
    /// The task.
    pub task_id: TaskId,
    /// The assignee of each assignment, in order.
    pub assignees: Vec<PersonId>,
    /// The person who completed the task; `None` for an open task.
    pub completed_by: Option<PersonId>,
}

/// The tasks whose number is above `after` and at most `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberRange {
    /// The number before the first one.
    pub after: i64,
    /// The last number.
    pub until: i64,
}

impl NumberRange {
    /// Every task.
    pub const ALL: Self = Self { after: 0, until: i64::MAX };

    /// One task.
    #[must_use]
    pub const fn only(number: i64) -> Self {
        Self { after: number - 1, until: number }
    }
}

/// The command to create a task.
#[derive(Debug, Clone)]
pub struct CreateTask {
    /// The task.
    pub task: NewTask,
    /// The person who creates it; `None` for an imported task whose file names no creator.
    pub created_by: Option<PersonId>,
    /// The key by which an import recognises the task; `None` for a task that is not imported.
    pub import_key: Option<String>,
}

/// A task to be created whose first assignee is drawn.
#[derive(Debug)]
pub struct DrawnTask<'a> {
    /// The new task's id.
    pub task_id: TaskId,
    /// What is to be created.
    pub command: &'a CreateTask,
    /// The person the draw chose.
    pub assignee_id: PersonId,
    /// The place of this draw among the draws of the seed, from 0.
    pub draw_index: u32,
}

/// The command to complete a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CompleteTask {
    /// The task.
    pub task_id: TaskId,
    /// The person who completes it.
    pub person_id: PersonId,
}

impl Sort {
    /// The position of the task in a list of this order.
    #[must_use]
    pub fn position(self, task: &Task) -> TaskPosition {
        let value = match self {
            Self::Created => task.number,
            Self::Completed => task.completed_at.map_or(0, |completed_at| completed_at.timestamp_micros()),
            Self::Reward => task.price.map_or(0, |price| price.reward.amount_minor),
        };
        (value, task.number)
    }
}

impl TaskFilter {
    /// The open tasks of one person.
    #[must_use]
    pub fn open_of(person: PersonId) -> Self {
        Self { status: Some(Status::Open), assignee: Some(person), ..Self::default() }
    }

    /// Whether the list may contain tasks of this status.
    #[must_use]
    pub fn includes(&self, status: Status) -> bool {
        self.status.is_none_or(|wanted| wanted == status)
    }

    /// Whether the list may contain a task that was created at this time.
    #[must_use]
    pub fn includes_time(&self, created_at: DateTime<Utc>) -> bool {
        self.created_from.is_none_or(|from| created_at >= from)
            && self.created_before.is_none_or(|before| created_at < before)
    }

    /// Whether the list is limited to a time of creation.
    #[must_use]
    pub const fn has_times(&self) -> bool {
        self.created_from.is_some() || self.created_before.is_some()
    }

    /// Refuses an order that would have to sort a whole table.
    ///
    /// # Errors
    /// The order needs another filter, or cannot be combined with one.
    pub fn check(&self) -> Result<(), FieldError> {
        let is_plain = self.search.is_none() && !self.has_times();
        let (is_possible, detail) = match self.sort {
            Sort::Created => (true, ""),
            Sort::Completed => (
                is_plain && self.status == Some(Status::Completed),
                "`completed` needs `status=completed`, and is possible without `q` and a time of creation",
            ),
            Sort::Reward => (
                is_plain && self.status == Some(Status::Open) && self.assignee.is_some(),
                "`reward` needs `status=open` and `assignee`, and is possible without `q` and a time of creation",
            ),
        };
        if is_possible { Ok(()) } else { Err(FieldError::new("?sort", Fault::new(FieldCode::Sort, detail))) }
    }
}

/// Merges a page of open tasks and a page of completed tasks into one page of at most `rows` tasks,
/// newest first. A task that is in both pages was completed after the open ones were read, so the
/// completed one remains.
pub fn merge_pages(open: Vec<Task>, completed: Vec<Task>, rows: i64) -> Vec<Task> {
    if open.is_empty() {
        return completed;
    }
    if completed.is_empty() {
        return open;
    }
    let mut page = completed;
    page.extend(open);
    // The sort is stable, so the completed one of two equal numbers comes first.
    page.sort_by_key(|task| std::cmp::Reverse(task.number));
    page.dedup_by_key(|task| task.number);
    page.truncate(usize::try_from(rows).unwrap_or_default());
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(number: i64, completed_at: Option<DateTime<Utc>>) -> Task {
        Task {
            number,
            task_id: uuid::Uuid::nil().into(),
            title: String::new(),
            reference: None,
            description: None,
            link: None,
            created_by: None,
            created_by_name: None,
            created_at: DateTime::UNIX_EPOCH,
            assignee_id: uuid::Uuid::nil().into(),
            assignee_name: None,
            assignments: 1,
            completed_at,
            price: None,
        }
    }

    #[test]
    fn a_merged_page_is_ordered_by_number_and_has_each_task_once() {
        let open: Vec<Task> = [9, 6, 5, 1].into_iter().map(|number| task(number, None)).collect();
        let completed: Vec<Task> =
            [8, 6, 2].into_iter().map(|number| task(number, Some(DateTime::UNIX_EPOCH))).collect();
        let page = merge_pages(open, completed, 5);
        let shown: Vec<(i64, bool)> = page.iter().map(|task| (task.number, task.completed_at.is_some())).collect();
        assert_eq!(shown, [(9, false), (8, true), (6, true), (5, false), (2, true)]);
    }
}
