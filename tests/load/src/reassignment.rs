//! Reassigns all open tasks over the API.

use std::time::Duration;

use serde_json::Value;

use crate::client::{Connection, write_request};
use crate::error::{Error, Result, failed};
use crate::installation::Installation;

/// The pause between two reads of the status.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The resource of reassignments.
const PATH: &str = "/api/v1/reassignments";

/// A requested reassignment.
#[derive(Debug)]
pub struct Reassignment {
    connection: Connection,
    bearer: String,
    id: String,
}

impl Reassignment {
    /// # Errors
    /// The program refuses the request.
    pub async fn request(installation: &Installation) -> Result<Self> {
        let mut connection = Connection::open(installation.process.address).await?;
        let bearer = installation.people.admin.bearer.clone();
        let mut request = Vec::new();
        write_request(&mut request, "POST", PATH, &bearer, "{}");
        let answer = connection.send_with_retry(&request).await?;
        if answer.status != 202 {
            return failed(format!("{}: {}", answer.status, answer.text()));
        }
        let id = answer.json()?["id"].as_str().map(str::to_owned);
        let id = id.ok_or_else(|| Error::Failed("the reassignment has no id".to_owned()))?;
        Ok(Self { connection, bearer, id })
    }

    /// Waits until the reassignment is completed. Returns the number of reassigned tasks.
    ///
    /// # Errors
    /// The reassignment stops before it is completed.
    pub async fn finish(mut self) -> Result<i64> {
        loop {
            let run = self.get().await?;
            match run["status"].as_str() {
                Some("queued" | "running") => tokio::time::sleep(POLL_INTERVAL).await,
                Some("completed") => return Ok(run["reassigned"].as_i64().unwrap_or_default()),
                _ => return failed(format!("the reassignment was not completed: {run}")),
            }
        }
    }

    async fn get(&mut self) -> Result<Value> {
        let mut request = Vec::new();
        write_request(&mut request, "GET", &format!("{PATH}/{}", self.id), &self.bearer, "");
        self.connection.send_with_retry(&request).await?.json()
    }
}
