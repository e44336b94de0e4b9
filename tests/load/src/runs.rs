//! Reassigning everything, by the API.

use std::time::Duration;

use serde_json::Value;

use crate::client::{Connection, write_request};
use crate::error::{Error, Result, failed};
use crate::installation::Installation;

const LOOK_AGAIN: Duration = Duration::from_millis(50);
const PATH: &str = "/api/v1/reassignments";

/// A run that was asked for.
#[derive(Debug)]
pub struct Run {
    connection: Connection,
    bearer: String,
    id: String,
}

impl Run {
    /// # Errors
    /// The program refuses.
    pub async fn request(company: &Installation) -> Result<Self> {
        let mut connection = Connection::open(company.serving.address).await?;
        let bearer = company.staff.admin.bearer.clone();
        let mut request = Vec::new();
        write_request(&mut request, "POST", PATH, &bearer, "{}");
        let answer = connection.insist(&request).await?;
        if answer.status != 202 {
            return failed(format!("{}: {}", answer.status, answer.text()));
        }
        let id = answer.json()?["id"].as_str().map(str::to_owned);
        let id = id.ok_or_else(|| Error::Failed("a run without an id".to_owned()))?;
        Ok(Self { connection, bearer, id })
    }

    /// Waits for its end; how many tasks were drawn.
    ///
    /// # Errors
    /// It comes to another end than hoped for.
    pub async fn finish(mut self) -> Result<i64> {
        loop {
            let run = self.look().await?;
            match run["status"].as_str() {
                Some("queued" | "running") => tokio::time::sleep(LOOK_AGAIN).await,
                Some("completed") => return Ok(run["reassigned"].as_i64().unwrap_or_default()),
                _ => return failed(format!("the run does not come to its end: {run}")),
            }
        }
    }

    async fn look(&mut self) -> Result<Value> {
        let mut request = Vec::new();
        write_request(&mut request, "GET", &format!("{PATH}/{}", self.id), &self.bearer, "");
        self.connection.insist(&request).await?.json()
    }
}
