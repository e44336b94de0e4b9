//! The requests of the scenarios: completing, creating and listing tasks.

use std::collections::HashMap;

use crate::client::write_request;
use crate::error::{Error, Result};
use crate::generator::RequestSource;
use crate::installation::{Installation, title};

/// A worker's first page of open tasks.
pub const LIST_PATH: &str = "/api/v1/tasks?assignee=me&status=open&limit=50";

/// An open task.
#[derive(Debug)]
pub struct OpenTask {
    /// The task's id.
    pub id: String,
    /// The index of the assignee among the workers.
    pub worker: usize,
}

/// Up to `limit` open tasks, the oldest first.
///
/// # Errors
/// The assignee of a task is not one of the workers.
pub async fn list_open_tasks(installation: &mut Installation, limit: u64) -> Result<Vec<OpenTask>> {
    list_tasks(installation, "", limit).await
}

/// Up to `limit` open tasks of one worker, the oldest first.
///
/// # Errors
/// psql reports an error.
pub async fn list_open_tasks_of(installation: &mut Installation, worker: usize, limit: u64) -> Result<Vec<OpenTask>> {
    let filter = format!("where open.assignee_id = '{}'", installation.people.workers[worker].id);
    list_tasks(installation, &filter, limit).await
}

async fn list_tasks(installation: &mut Installation, filter: &str, limit: u64) -> Result<Vec<OpenTask>> {
    let workers = &installation.people.workers;
    let indexes: HashMap<&str, usize> =
        workers.iter().enumerate().map(|(index, person)| (person.id.as_str(), index)).collect();
    let statement = format!(
        "select task.task_id, open.assignee_id
         from tasks.open_tasks as open
         join tasks.tasks as task on task.number = open.number
         {filter}
         order by open.number
         limit {limit}"
    );
    let rows = installation.tracker.rows(&statement).await?;
    let task = |row: &String| {
        let (id, assignee) = row.split_once('\t')?;
        Some(OpenTask { id: id.to_owned(), worker: *indexes.get(assignee)? })
    };
    let tasks: Option<Vec<OpenTask>> = rows.iter().map(task).collect();
    tasks.ok_or_else(|| Error::Failed("the assignee of an open task is not one of the workers".to_owned()))
}

/// Completes each task by its assignee.
pub fn completions(installation: &Installation, tasks: Vec<OpenTask>) -> impl RequestSource + use<> {
    let bearers = installation.worker_bearers();
    let mut tasks = tasks.into_iter();
    move |request: &mut Vec<u8>| {
        let Some(task) = tasks.next() else { return false };
        write_request(request, "POST", &complete_path(&task.id), &bearers[task.worker], "");
        true
    }
}

pub fn complete_path(task_id: &str) -> String {
    format!("/api/v1/tasks/{task_id}/complete")
}

/// Creates tasks, by one worker after the other. The titles are numbered from `first_title` on.
pub fn creations(installation: &Installation, first_title: u64) -> impl RequestSource + use<> {
    let mut bearers = installation.worker_bearers().into_iter().cycle();
    let mut number = first_title;
    move |request: &mut Vec<u8>| {
        let Some(bearer) = bearers.next() else { return false };
        write_request(request, "POST", "/api/v1/tasks", &bearer, &format!(r#"{{"title":"{}"}}"#, title(number)));
        number += 1;
        true
    }
}

/// Lists the newest fifty open tasks of one worker after the other.
pub fn lists(installation: &Installation) -> impl RequestSource + use<> {
    let mut bearers = installation.worker_bearers().into_iter().cycle();
    move |request: &mut Vec<u8>| {
        let Some(bearer) = bearers.next() else { return false };
        write_request(request, "GET", LIST_PATH, &bearer, "");
        true
    }
}
