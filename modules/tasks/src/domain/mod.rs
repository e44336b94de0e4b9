//! The rules and types of tasks. They need no database and no network.

mod draw;
mod new_task;
mod people;
mod reassignment;
mod task;

pub use draw::{Pool, PoolMember, RecordedDraw, ShownPool, draw};
pub use new_task::{InvalidTask, NewTask, RawTask, check_count};
pub use people::Person;
pub use reassignment::{
    NewReassignment, OpenTask, Reassignment, ReassignmentPreview, ReassignmentStatus, RunAssignment,
};
pub use task::{
    CompleteTask, CreateTask, DrawnTask, NumberRange, Price, Sort, Status, Task, TaskAssignment, TaskCounts, TaskFact,
    TaskFilter, TaskPeople, TaskPosition, merge_pages,
};

/// Maximum number of facts in one event.
pub const FACTS_PER_EVENT_MAX: usize = 500;
/// Maximum number of tasks that one request creates or completes. Their event is one.
pub const TASKS_PER_REQUEST_MAX: usize = FACTS_PER_EVENT_MAX;
