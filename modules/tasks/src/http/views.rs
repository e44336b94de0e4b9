//! Tasks and runs as the API shows them.

use chrono::{DateTime, Utc};
use contracts::{Currency, Money, PersonId, ReassignmentId, TaskId};
use kernel::http::csv::{Cell, CsvRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{Price, Reassignment, ReassignmentStatus, Status, Task, TaskAssignment};

/// The status of a task.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = TaskStatus)]
pub enum StatusView {
    /// The task has an assignee and is not completed.
    Open,
    /// The task was completed by its last assignee.
    Completed,
}

impl StatusView {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Completed => "completed",
        }
    }
}

impl From<Status> for StatusView {
    fn from(status: Status) -> Self {
        match status {
            Status::Open => Self::Open,
            Status::Completed => Self::Completed,
        }
    }
}

/// The order of a list of tasks.
// Only the API document has this type.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TaskSort)]
pub enum SortView {
    /// The newest task first.
    Created,
    /// The latest completion first.
    Completed,
    /// The highest reward first.
    Reward,
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskPerson)]
pub struct PersonView {
    /// The person's id.
    pub id: PersonId,
    /// The person's name. Null if tasks does not know the person yet.
    #[schema(required)]
    pub name: Option<String>,
}

impl PersonView {
    /// The person with this id, if there is one.
    pub fn of(id: Option<PersonId>, name: Option<String>) -> Option<Self> {
        id.map(|id| Self { id, name })
    }
}

/// The price of a task (DOMAIN A2).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskPrice)]
pub struct PriceView {
    /// What each assignment costs. Positive.
    fee: Money,
    /// What the completion earns. Positive.
    reward: Money,
}

/// A task as a list shows it: without its description, which may be long.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedTask)]
pub struct ListedTaskView {
    /// The task's id.
    id: TaskId,
    /// The title, without a reference in brackets.
    #[schema(example = "Fix the door")]
    title: String,
    /// The ticket reference.
    #[schema(required, example = "POP-42")]
    reference: Option<String>,
    /// An http or https address.
    #[schema(required)]
    link: Option<String>,
    /// Whether the task is completed.
    status: StatusView,
    /// The assignee of an open task, or the person who completed it.
    assignee: PersonView,
    /// Null until accounting has set the price. A price never changes.
    #[schema(required)]
    price: Option<PriceView>,
    /// Number of assignments: one at creation, and one for each reassign of the task.
    #[schema(minimum = 1)]
    assignments: i32,
    /// When the task was created.
    created_at: DateTime<Utc>,
    /// The person who created it. Null for an imported task whose file names no creator.
    #[schema(required)]
    created_by: Option<PersonView>,
    /// When the task was completed. Null for an open task.
    #[schema(required)]
    completed_at: Option<DateTime<Utc>>,
    /// Only for files.
    #[serde(skip)]
    description: Option<String>,
}

impl From<Task> for ListedTaskView {
    fn from(task: Task) -> Self {
        Self {
            id: task.task_id,
            status: if task.completed_at.is_some() { StatusView::Completed } else { StatusView::Open },
            assignee: PersonView { id: task.assignee_id, name: task.assignee_name },
            price: task.price.map(PriceView::from),
            assignments: task.assignments,
            title: task.title,
            reference: task.reference,
            description: task.description,
            link: task.link,
            created_at: task.created_at,
            created_by: PersonView::of(task.created_by, task.created_by_name),
            completed_at: task.completed_at,
        }
    }
}

/// A task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub struct TaskView {
    #[serde(flatten)]
    listed: ListedTaskView,
    /// Free text.
    #[schema(required)]
    description: Option<String>,
}

impl From<Task> for TaskView {
    fn from(task: Task) -> Self {
        let mut listed = ListedTaskView::from(task);
        let description = listed.description.take();
        Self { listed, description }
    }
}

impl CsvRow for ListedTaskView {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "status",
        "title",
        "reference",
        "description",
        "link",
        "assignee_id",
        "assignee_name",
        "assignments",
        "fee_minor",
        "reward_minor",
        "currency",
        "created_at",
        "created_by",
        "completed_at",
    ];

    fn cells(&self) -> Vec<Cell> {
        let price = self.price.as_ref();
        vec![
            self.id.into(),
            self.status.as_str().into(),
            self.title.as_str().into(),
            self.reference.as_ref().into(),
            self.description.as_ref().into(),
            self.link.as_ref().into(),
            self.assignee.id.into(),
            self.assignee.name.as_ref().into(),
            self.assignments.into(),
            price.map(|price| price.fee.amount_minor).into(),
            price.map(|price| price.reward.amount_minor).into(),
            price.map(|price| price.fee.currency.code()).into(),
            self.created_at.into(),
            self.created_by.as_ref().map(|person| person.id).into(),
            self.completed_at.into(),
        ]
    }
}

impl From<Price> for PriceView {
    fn from(price: Price) -> Self {
        Self { fee: price.fee, reward: price.reward }
    }
}

/// The draw of an assignee: place `draw(seed, index, pool_size)` of the pool (DOMAIN T8).
#[derive(Debug, Serialize, ToSchema)]
pub struct DrawView {
    /// The pool that the draw chose from.
    #[schema(minimum = 1)]
    pool_id: i64,
    /// Number of people in that pool.
    #[schema(minimum = 1)]
    pool_size: i32,
    /// A 64-bit integer, as text because many JSON readers round such a number.
    #[schema(pattern = "^-?[0-9]+$", example = "-4962768465676381896")]
    seed: String,
    /// The place of this draw among the draws of the seed, from 0.
    #[schema(minimum = 0)]
    index: i32,
}

/// One assignment of a task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskAssignment)]
pub struct AssignmentView {
    /// 1 at creation, then one more at each reassign.
    #[schema(minimum = 1)]
    number: i32,
    /// The person that the draw chose.
    assignee: PersonView,
    /// When the task was assigned.
    assigned_at: DateTime<Utc>,
    /// How the assignee was drawn.
    draw: DrawView,
    /// What the assignment costs the assignee. Positive; null until accounting has set the price.
    #[schema(required)]
    fee: Option<Money>,
    /// The run that assigned the task. Null at creation.
    #[schema(required)]
    reassignment_id: Option<ReassignmentId>,
}

impl AssignmentView {
    /// The view of an assignment of a task with this price.
    pub fn new(assignment: TaskAssignment, price: Option<Price>) -> Self {
        Self {
            fee: price.map(|price| price.fee),
            number: assignment.number,
            assignee: PersonView { id: assignment.assignee_id, name: assignment.assignee_name },
            assigned_at: assignment.assigned_at,
            draw: DrawView {
                pool_id: assignment.pool_id,
                pool_size: assignment.pool_size,
                seed: assignment.seed.to_string(),
                index: assignment.draw_index,
            },
            reassignment_id: assignment.reassignment_id,
        }
    }
}

/// What a run does now.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ReassignmentStatus)]
pub enum ReassignmentStatusView {
    /// The run waits for the runs before it.
    Queued,
    /// Some tasks are assigned again.
    Running,
    /// No person is assignable. The run continues when a person becomes assignable.
    Blocked,
    /// All tasks are done.
    Completed,
}

impl From<ReassignmentStatus> for ReassignmentStatusView {
    fn from(status: ReassignmentStatus) -> Self {
        match status {
            ReassignmentStatus::Queued => Self::Queued,
            ReassignmentStatus::Running => Self::Running,
            ReassignmentStatus::Blocked => Self::Blocked,
            ReassignmentStatus::Completed => Self::Completed,
        }
    }
}

/// A run: one execution of a reassign.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reassignment)]
pub struct ReassignmentView {
    /// The run's id.
    id: ReassignmentId,
    /// What the run does now.
    status: ReassignmentStatusView,
    /// Number of open tasks when the run was requested.
    #[schema(minimum = 0)]
    total: i64,
    /// Number of those that are assigned again or were found completed.
    #[schema(minimum = 0)]
    done: i64,
    /// Number of those that are assigned again. Each of them is charged.
    #[schema(minimum = 0)]
    reassigned: i64,
    /// The person who requested the run. Null: the system did, because `person` left the pool.
    #[schema(required)]
    requested_by: Option<PersonView>,
    /// The run covers only the tasks of this person. Null: all tasks.
    #[schema(required)]
    person: Option<PersonView>,
    /// The sum of the fees of the tasks that are assigned again. Tasks that had no price at that
    /// time are left out.
    cost: Money,
    /// When the run was requested.
    requested_at: DateTime<Utc>,
    /// When the execution of the run began.
    #[schema(required)]
    started_at: Option<DateTime<Utc>>,
    /// When the run was completed.
    #[schema(required)]
    completed_at: Option<DateTime<Utc>>,
    /// Whether the last step of the run failed. The step is retried; the log contains the reason.
    stalled: bool,
}

impl ReassignmentView {
    /// The view of a run.
    pub fn new(currency: Currency, run: Reassignment) -> Self {
        Self {
            cost: Money { amount_minor: run.cost_minor, currency },
            id: run.reassignment_id,
            status: run.status.into(),
            total: run.total,
            done: run.done,
            reassigned: run.reassigned,
            requested_by: PersonView::of(run.requested_by, run.requested_by_name),
            person: PersonView::of(run.person_id, run.person_name),
            requested_at: run.requested_at,
            started_at: run.started_at,
            completed_at: run.finished_at,
            stalled: run.last_error.is_some(),
        }
    }
}
