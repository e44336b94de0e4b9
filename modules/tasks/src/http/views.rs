//! Tasks and runs as the API shows them.

use chrono::{DateTime, Utc};
use contracts::{Money, PersonId, ReassignmentId, TaskId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::{HistoryRow, ReassignmentRow, TaskRow};

/// A person by id; the name is null if it is not known here yet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskPerson)]
pub struct PersonView {
    id: PersonId,
    name: Option<String>,
}

/// What an assignment costs and what a completion earns, both positive (DOMAIN A2).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskPrice)]
pub struct PriceView {
    fee: Money,
    reward: Money,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub struct TaskView {
    id: TaskId,
    title: String,
    #[schema(example = "POP-42")]
    reference: Option<String>,
    description: Option<String>,
    link: Option<String>,
    /// `open` or `completed`.
    status: &'static str,
    /// Whoever has it, or completed it.
    assignee: PersonView,
    /// Null until accounting has set it, which it does once and for good.
    price: Option<PriceView>,
    /// 1 + reassigns of it.
    assignments: i32,
    created_at: DateTime<Utc>,
    /// Null for an imported task whose file does not say.
    created_by: Option<PersonId>,
    completed_at: Option<DateTime<Utc>>,
}

impl From<TaskRow> for TaskView {
    fn from(row: TaskRow) -> Self {
        Self {
            id: row.task_id.into(),
            status: if row.completed_at.is_some() { "completed" } else { "open" },
            assignee: PersonView { id: row.assignee_id.into(), name: row.assignee_name },
            price: price(row.fee_minor, row.reward_minor, row.currency.as_deref()),
            assignments: row.assignments,
            title: row.title,
            reference: row.reference,
            description: row.description,
            link: row.link,
            created_at: row.created_at,
            created_by: row.created_by.map(PersonId::from),
            completed_at: row.completed_at,
        }
    }
}

fn price(fee_minor: Option<i64>, reward_minor: Option<i64>, currency: Option<&str>) -> Option<PriceView> {
    let currency = currency?.parse().ok()?;
    Some(PriceView {
        fee: Money { amount_minor: fee_minor?, currency },
        reward: Money { amount_minor: reward_minor?, currency },
    })
}

/// How an assignee was drawn: place `draw(seed, index, pool_size)` of the pool (DOMAIN T8).
#[derive(Debug, Serialize, ToSchema)]
pub struct DrawView {
    pool_id: i64,
    pool_size: i32,
    /// A 64-bit number, as text because JSON's readers round such.
    seed: String,
    index: i32,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskAssignment)]
pub struct AssignmentView {
    /// 1 at creation, then one more at each reassign.
    pub(super) number: i32,
    assignee: PersonView,
    assigned_at: DateTime<Utc>,
    draw: DrawView,
    /// Null: drawn at creation.
    reassignment_id: Option<ReassignmentId>,
}

impl From<HistoryRow> for AssignmentView {
    fn from(row: HistoryRow) -> Self {
        Self {
            number: row.assignment,
            assignee: PersonView { id: row.assignee_id.into(), name: row.assignee_name },
            assigned_at: row.assigned_at,
            draw: DrawView {
                pool_id: row.pool_id,
                pool_size: row.pool_size,
                seed: row.seed.to_string(),
                index: row.draw_index,
            },
            reassignment_id: row.reassignment_id.map(ReassignmentId::from),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reassignment)]
pub struct ReassignmentView {
    id: ReassignmentId,
    /// `queued`, `running`, `blocked` (nobody can be assigned), `completed` or `failed`.
    #[schema(example = "running")]
    status: String,
    /// Tasks that were open when it was asked for.
    total: i64,
    /// Of those: drawn anew, or found closed.
    done: i64,
    /// Drawn anew; each was charged.
    reassigned: i64,
    /// Null: the system asked, because the person below can no longer have tasks.
    requested_by: Option<PersonId>,
    /// Only the tasks of this person; null: all.
    person_id: Option<PersonId>,
    requested_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    /// Whether the last try to go on failed; it is tried again, and the log says why.
    stalled: bool,
}

impl From<ReassignmentRow> for ReassignmentView {
    fn from(row: ReassignmentRow) -> Self {
        Self {
            id: row.reassignment_id.into(),
            status: row.status,
            total: row.total,
            done: row.done,
            reassigned: row.reassigned,
            requested_by: row.requested_by.map(PersonId::from),
            person_id: row.person_id.map(PersonId::from),
            requested_at: row.requested_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            stalled: row.last_error.is_some(),
        }
    }
}
