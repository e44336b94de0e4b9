//! First contact with a database: is the primary a primary, and are the replicas its replicas?

use std::time::Duration;

use kernel::DbError;
use kernel::db::{EndpointHealth, SessionUse, find_session_defect};

use crate::Error;
use crate::databases::Database;

/// The pause between two attempts to open a database.
pub const PAUSE: Duration = Duration::from_millis(250);
/// Maximum number of attempts of a process that can do nothing without the database. Each takes up
/// to two seconds if the database does not answer.
const ATTEMPTS_MAX: u32 = 5;

/// Checks a database that may be just starting: an outage is tried again a few times.
///
/// # Errors
/// Those of [`check`].
pub async fn check_with_retries(database: &Database) -> Result<(), Error> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        match check(database).await {
            Err(error) if error.is_outage() && attempts < ATTEMPTS_MAX => tokio::time::sleep(PAUSE).await,
            checked => return checked,
        }
    }
}

/// Probes every endpoint of the database.
///
/// # Errors
/// The primary cannot be reached, or an endpoint is not what the settings say.
pub async fn check(database: &Database) -> Result<(), Error> {
    let name = database.name;
    database.endpoints().probe_if_older_than(Duration::ZERO).await;
    let found = database.endpoints().health();
    match found.primary {
        // A failover may be under way.
        EndpointHealth::IsReplica if database.endpoints().has_successors() => {
            let error = DbError::unavailable("no server of the write_url takes writes");
            return Err(Error::Database { database: name.as_str(), error });
        }
        EndpointHealth::IsReplica => {
            return Err(Error::Configuration(format!(
                "databases.{name}.write_url leads to a replica (it is in recovery and takes no writes): set it to the \
                 primary, and name the replica in databases.{name}.read_urls"
            )));
        }
        EndpointHealth::Unreachable(error) => return Err(database.unreachable(error).await),
        _ => {}
    }
    check_session(database).await?;
    match found.replicas.iter().position(|replica| *replica == EndpointHealth::OtherCluster) {
        None => Ok(()),
        Some(index) => Err(Error::Configuration(format!(
            "databases.{name}.read_urls: number {} leads to a replica of another cluster than the write_url; set it \
             to a streaming replica of that primary, or leave it out",
            index + 1
        ))),
    }
}

/// Checks that the sessions of modules are what they rely on. Behind a pooler in transaction mode,
/// everything would seem to work.
async fn check_session(database: &Database) -> Result<(), Error> {
    let name = database.name;
    match find_session_defect(&database.endpoints().primary(), SessionUse::Write).await {
        Ok(None) => Ok(()),
        Ok(Some(defect)) => Err(database.wrong_sessions(&defect)),
        // All connections of the server are in use: that shows nothing.
        Err(DbError::Busy) => Ok(()),
        Err(error) => Err(Error::Database { database: name.as_str(), error }),
    }
}
