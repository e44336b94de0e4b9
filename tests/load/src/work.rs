//! What people do: open tasks with those who may complete them, and the requests for that.

use std::collections::HashMap;

use crate::client::write_request;
use crate::crowd::Next;
use crate::error::{Error, Result};
use crate::installation::{Installation, title};

/// An open task: its id, and the place of whoever has it among the workers.
#[derive(Debug)]
pub struct OpenTask {
    pub id: String,
    pub worker: usize,
}

/// Up to so many open tasks, in the order in which they were created.
///
/// # Errors
/// One of them belongs to nobody who is logged in.
pub async fn open_tasks(company: &mut Installation, most: u64) -> Result<Vec<OpenTask>> {
    select_tasks(company, "", most).await
}

/// Of the open tasks of one worker, by their place.
///
/// # Errors
/// As above.
pub async fn open_tasks_of(company: &mut Installation, worker: usize, most: u64) -> Result<Vec<OpenTask>> {
    let filter = format!("where open.assignee_id = '{}'", company.staff.workers[worker].id);
    select_tasks(company, &filter, most).await
}

async fn select_tasks(company: &mut Installation, filter: &str, most: u64) -> Result<Vec<OpenTask>> {
    let workers = &company.staff.workers;
    let places: HashMap<&str, usize> =
        workers.iter().enumerate().map(|(place, person)| (person.id.as_str(), place)).collect();
    let statement = format!(
        "select task.task_id, open.assignee_id
         from tasks.open_tasks as open
         join tasks.tasks as task on task.number = open.number
         {filter}
         order by open.number
         limit {most}"
    );
    let rows = company.tracker.rows(&statement).await?;
    let task = |row: &String| {
        let (id, assignee) = row.split_once('\t')?;
        Some(OpenTask { id: id.to_owned(), worker: *places.get(assignee)? })
    };
    let tasks: Option<Vec<OpenTask>> = rows.iter().map(task).collect();
    tasks.ok_or_else(|| Error::Failed("an open task belongs to nobody who is logged in".to_owned()))
}

/// Each of these tasks completed by whoever has it.
pub fn completions(company: &Installation, tasks: Vec<OpenTask>) -> impl Next + use<> {
    let bearers = company.bearers();
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

/// New tasks, by one worker after another; their titles are numbered from `first` on.
pub fn creations(company: &Installation, first: u64) -> impl Next + use<> {
    let mut turns = company.bearers().into_iter().cycle();
    let mut number = first;
    move |request: &mut Vec<u8>| {
        let Some(bearer) = turns.next() else { return false };
        write_request(request, "POST", "/api/v1/tasks", &bearer, &format!(r#"{{"title":"{}"}}"#, title(number)));
        number += 1;
        true
    }
}

/// The tasks of one worker after another, the newest fifty.
pub fn lists(company: &Installation) -> impl Next + use<> {
    let mut turns = company.bearers().into_iter().cycle();
    move |request: &mut Vec<u8>| {
        let Some(bearer) = turns.next() else { return false };
        write_request(request, "GET", LIST_PATH, &bearer, "");
        true
    }
}

pub const LIST_PATH: &str = "/api/v1/tasks?assignee=me&status=open&limit=50";
