//! Probes: the queries that find out what each endpoint of a database is and how far its log is.

use std::time::Duration;

use futures_util::future::join_all;
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use super::error::DbError;
use super::pool::session_options;
use super::position::Lsn;

/// An endpoint that has not answered a probe after this time counts as not answering.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// The query of a probe. Only a primary has a flushed position, and a timeline in the name of its
/// log; only a replica has a replayed position.
const PROBE: &str = "
    select pg_is_in_recovery(),
           (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end)::text,
           case
               when pg_is_in_recovery() then 0
               else ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::integer
           end";

/// What an endpoint answered to a probe.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProbeResult {
    /// Whether the endpoint is a replica.
    pub in_recovery: bool,
    /// The position that a primary has flushed or a replica has replayed.
    pub position: Lsn,
    /// The timeline of a primary: each promotion begins a higher one. 0 for a replica.
    pub timeline: u32,
    /// The identifier of the endpoint's cluster; none if the login may not read it.
    pub cluster_identifier: Option<i64>,
}

/// One probe for each endpoint of a database.
#[derive(Default)]
pub(super) struct Probes {
    candidates: Vec<Probe>,
    replicas: Vec<Probe>,
}

/// Probes one endpoint over a connection that stays open between probes.
#[derive(Default)]
struct Probe {
    open: Option<OpenConnection>,
}

/// A connection, and what does not change while it is open.
struct OpenConnection {
    connection: PgConnection,
    cluster_identifier: Option<i64>,
}

impl Probes {
    /// Probes all endpoints at the same time: the servers of which one is the primary, and the
    /// replicas.
    pub async fn probe(
        &mut self,
        candidates: &[PgConnectOptions],
        replicas: &[PgConnectOptions],
    ) -> (Vec<Result<ProbeResult, DbError>>, Vec<Result<ProbeResult, DbError>>) {
        tokio::join!(probe_each(&mut self.candidates, candidates), probe_each(&mut self.replicas, replicas))
    }
}

async fn probe_each(probes: &mut Vec<Probe>, servers: &[PgConnectOptions]) -> Vec<Result<ProbeResult, DbError>> {
    probes.resize_with(servers.len(), Probe::default);
    join_all(probes.iter_mut().zip(servers).map(|(probe, options)| probe.run(options))).await
}

impl Probe {
    /// An error on an open connection is followed by one attempt on a new connection: the server
    /// may have been restarted. A timeout is not followed by another attempt.
    async fn run(&mut self, options: &PgConnectOptions) -> Result<ProbeResult, DbError> {
        let was_open = self.open.is_some();
        match self.run_with_timeout(options).await {
            Err(error) if was_open && !matches!(error, DbError::TimedOut) => self.run_with_timeout(options).await,
            result => result,
        }
    }

    async fn run_with_timeout(&mut self, options: &PgConnectOptions) -> Result<ProbeResult, DbError> {
        Ok(tokio::time::timeout(PROBE_TIMEOUT, self.run_once(options)).await.map_err(|_| DbError::TimedOut)??)
    }

    /// Keeps the connection only after an answer, so a connection whose probe was dropped half way
    /// is never used again.
    async fn run_once(&mut self, options: &PgConnectOptions) -> Result<ProbeResult, sqlx::Error> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => connect(options).await?,
        };
        let (in_recovery, position, timeline): (bool, Option<String>, i32) =
            sqlx::query_as(PROBE).fetch_one(&mut open.connection).await?;
        let position = position.unwrap_or_default().parse().unwrap_or_default();
        let cluster_identifier = open.cluster_identifier;
        self.open = Some(open);
        Ok(ProbeResult { in_recovery, position, timeline: timeline.cast_unsigned(), cluster_identifier })
    }
}

async fn connect(options: &PgConnectOptions) -> Result<OpenConnection, sqlx::Error> {
    let mut connection = PgConnection::connect_with(&session_options(options.clone())).await?;
    let identifier =
        sqlx::query_scalar("select system_identifier from pg_control_system()").fetch_one(&mut connection).await;
    let cluster_identifier = match identifier {
        Ok(identifier) => Some(identifier),
        // An installation may have revoked the right to read it. Then a replica of another cluster
        // is not recognized.
        Err(sqlx::Error::Database(_)) => None,
        Err(error) => return Err(error),
    };
    Ok(OpenConnection { connection, cluster_identifier })
}
