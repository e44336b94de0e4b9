//! What tasks tells: created, assigned, completed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Fact, PersonId, ReassignmentId, TaskId};

/// Tasks were created, each with its first assignment (number 1), which is charged (DOMAIN A3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TasksCreated {
    pub tasks: Vec<CreatedTask>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreatedTask {
    pub task_id: TaskId,
    pub title: String,
    #[serde(default)]
    pub reference: Option<String>,
    pub assignee_id: PersonId,
    pub created_at: DateTime<Utc>,
}

/// Tasks were drawn anew. An assignment is known by its task and its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TasksAssigned {
    pub reassignment_id: ReassignmentId,
    pub assigned_at: DateTime<Utc>,
    pub assignments: Vec<Assignment>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    pub task_id: TaskId,
    /// Counts the assignments of the task: 1 at creation, 2 at the first reassign.
    pub number: i32,
    pub assignee_id: PersonId,
}

/// Tasks were completed; the reward goes to the person named here, whoever is assigned now (DOMAIN A4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TasksCompleted {
    pub completions: Vec<Completion>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    pub task_id: TaskId,
    pub title: String,
    #[serde(default)]
    pub reference: Option<String>,
    pub completed_by: PersonId,
    pub completed_at: DateTime<Utc>,
}

const SOURCE: &str = "/piecework/tasks";

impl Fact for TasksCreated {
    const TYPE: &'static str = "piecework.tasks.created.v1";
    const SOURCE: &'static str = SOURCE;

    fn weight(&self) -> usize {
        self.tasks.len()
    }
}

impl Fact for TasksAssigned {
    const TYPE: &'static str = "piecework.tasks.assigned.v1";
    const SOURCE: &'static str = SOURCE;

    fn weight(&self) -> usize {
        self.assignments.len()
    }
}

impl Fact for TasksCompleted {
    const TYPE: &'static str = "piecework.tasks.completed.v1";
    const SOURCE: &'static str = SOURCE;

    fn weight(&self) -> usize {
        self.completions.len()
    }
}
