//! The facts that tasks publishes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Fact, PersonId, ReassignmentId, TaskId};

/// Tasks were created. Each has its first assignment, number 1, which is charged (DOMAIN A3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TasksCreated {
    /// The tasks.
    pub tasks: Vec<CreatedTask>,
}

/// A task that was created.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreatedTask {
    /// The task.
    pub task_id: TaskId,
    /// The title, without a reference in brackets.
    pub title: String,
    /// The ticket reference.
    #[serde(default)]
    pub reference: Option<String>,
    /// The first assignee.
    pub assignee_id: PersonId,
    /// When the task was created.
    pub created_at: DateTime<Utc>,
}

/// A run assigned tasks again. The task and the number identify an assignment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TasksAssigned {
    /// The run.
    pub reassignment_id: ReassignmentId,
    /// When the tasks were assigned.
    pub assigned_at: DateTime<Utc>,
    /// The assignments.
    pub assignments: Vec<Assignment>,
}

/// An assignment of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// The task.
    pub task_id: TaskId,
    /// 1 at creation, then one more at each reassign.
    pub number: i32,
    /// The new assignee.
    pub assignee_id: PersonId,
}

/// Tasks were completed. The reward goes to the person in the event (DOMAIN A4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TasksCompleted {
    /// The completions.
    pub completions: Vec<Completion>,
}

/// A task that was completed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// The task.
    pub task_id: TaskId,
    /// The title, without a reference in brackets.
    pub title: String,
    /// The ticket reference.
    #[serde(default)]
    pub reference: Option<String>,
    /// The person who completed the task.
    pub completed_by: PersonId,
    /// When the task was completed.
    pub completed_at: DateTime<Utc>,
}

/// The CloudEvents `source` of these facts.
const SOURCE: &str = "/piecework/tasks";

impl Fact for TasksCreated {
    const TYPE: &'static str = "piecework.tasks.created.v1";
    /// The CloudEvents `source` of these facts.
    const SOURCE: &'static str = SOURCE;

    fn weight(&self) -> usize {
        self.tasks.len()
    }
}

impl Fact for TasksAssigned {
    const TYPE: &'static str = "piecework.tasks.assigned.v1";
    /// The CloudEvents `source` of these facts.
    const SOURCE: &'static str = SOURCE;

    fn weight(&self) -> usize {
        self.assignments.len()
    }
}

impl Fact for TasksCompleted {
    const TYPE: &'static str = "piecework.tasks.completed.v1";
    /// The CloudEvents `source` of these facts.
    const SOURCE: &'static str = SOURCE;

    fn weight(&self) -> usize {
        self.completions.len()
    }
}
