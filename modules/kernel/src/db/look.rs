//! Looking at the endpoints of a database, over one connection to each.

use std::time::Duration;

use futures_util::future::join_all;
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use super::cluster::Endpoints;
use super::{Lsn, session_options};

/// An endpoint that takes longer to answer does not answer.
const DEADLINE: Duration = Duration::from_secs(1);

/// A replica has no position of its own to flush, a primary none to replay.
const LOOK: &str = "
    select pg_is_in_recovery(),
           (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end)::text";

/// What an endpoint is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub in_recovery: bool,
    /// Flushed by a primary, replayed by a replica.
    pub position: Lsn,
    /// Of its cluster, if we may know it.
    pub identifier: Option<i64>,
}

/// A connection to each endpoint.
pub(super) struct Eyes {
    primary: Eye,
    replicas: Vec<Eye>,
}

#[derive(Default)]
struct Eye {
    open: Option<(PgConnection, Option<i64>)>,
}

impl Eyes {
    pub fn new(replicas: usize) -> Self {
        Self { primary: Eye::default(), replicas: (0..replicas).map(|_| Eye::default()).collect() }
    }

    /// Looks at all of them side by side.
    pub async fn look(&mut self, endpoints: &Endpoints) -> (Result<Seen, sqlx::Error>, Vec<Result<Seen, sqlx::Error>>) {
        let replicas = self.replicas.iter_mut().zip(&endpoints.replicas).map(|(eye, options)| eye.look(options));
        tokio::join!(self.primary.look(&endpoints.primary), join_all(replicas))
    }
}

impl Eye {
    async fn look(&mut self, options: &PgConnectOptions) -> Result<Seen, sqlx::Error> {
        // A server that was restarted is found out by a second try; one that is silent is not asked twice.
        let was_open = self.open.is_some();
        match tokio::time::timeout(DEADLINE, self.look_once(options)).await {
            Ok(Err(_)) if was_open => {}
            Ok(seen) => return seen,
            Err(_) => return Err(sqlx::Error::PoolTimedOut),
        }
        tokio::time::timeout(DEADLINE, self.look_once(options)).await.map_err(|_| sqlx::Error::PoolTimedOut)?
    }

    /// The connection is given back only after an answer, so one that is dropped half way is never used again.
    async fn look_once(&mut self, options: &PgConnectOptions) -> Result<Seen, sqlx::Error> {
        let (mut connection, identifier) = match self.open.take() {
            Some(open) => open,
            None => connect(options).await?,
        };
        let (in_recovery, position): (bool, Option<String>) = sqlx::query_as(LOOK).fetch_one(&mut connection).await?;
        let position = position.unwrap_or_default().parse().unwrap_or_default();
        self.open = Some((connection, identifier));
        Ok(Seen { in_recovery, position, identifier })
    }
}

async fn connect(options: &PgConnectOptions) -> Result<(PgConnection, Option<i64>), sqlx::Error> {
    let mut connection = PgConnection::connect_with(&session_options(options.clone())).await?;
    let asked =
        sqlx::query_scalar("select system_identifier from pg_control_system()").fetch_one(&mut connection).await;
    let identifier = match asked {
        Ok(identifier) => Some(identifier),
        // An installation may have taken this right away; then whose replica it is cannot be told.
        Err(sqlx::Error::Database(_)) => None,
        Err(error) => return Err(error),
    };
    Ok((connection, identifier))
}
