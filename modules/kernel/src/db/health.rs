//! The health of each endpoint of a database, as concluded from the results of its probes.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::error::DbError;
use super::position::Lsn;
use super::probe::ProbeResult;
use super::replication::{History, Sample};

/// A primary counts as silent after this number of timeouts in a row.
const CONSECUTIVE_TIMEOUTS_MAX: u32 = 2;

/// What the probes have found out about a primary and its replicas.
pub(super) struct ClusterState {
    /// When the last probe began.
    pub(super) probed_at: Option<Instant>,
    /// The health of the primary.
    pub(super) primary: EndpointHealth,
    /// How often in a row a probe of the primary has timed out. A timeout is no refusal: the
    /// primary may just be busy.
    consecutive_timeouts: u32,
    /// The identifier of the primary's cluster, by which a replica of another cluster is
    /// recognized.
    identifier: Option<i64>,
    /// The highest timeline of a primary that was seen. A server on an older one was replaced.
    pub(super) timeline: u32,
    /// The state of each replica, in the order of the settings.
    pub(super) replicas: Vec<ReplicaState>,
    history: History,
    /// A replica that has replayed up to this position has all migrations.
    pub(super) migrated_at: Lsn,
}

/// What the probes have found out about one replica.
#[derive(Debug, Clone)]
pub(super) struct ReplicaState {
    /// The health of the replica.
    pub(super) health: EndpointHealth,
    /// The position up to which the replica has replayed the log.
    pub(super) replayed: Lsn,
    /// The replica's answers include everything that was committed before this moment.
    pub(super) as_of: DateTime<Utc>,
}

/// The health of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointHealth {
    /// The endpoint was not probed yet.
    Unknown,
    /// The endpoint answers and is what its setting promises.
    Healthy,
    /// The endpoint does not answer; the text is the error of the last probe.
    Unreachable(String),
    /// The write endpoint is a replica.
    IsReplica,
    /// A read endpoint is the primary at present.
    IsPrimary,
    /// A read endpoint is neither a replica nor the primary.
    IsNoReplica,
    /// A read endpoint is a replica of another cluster than the primary's.
    OtherCluster,
    /// A replica has not replayed the migrations of this program.
    LacksMigrations,
    /// A replica lags more than the setting allows.
    Behind(Duration),
}

impl EndpointHealth {
    /// A short text without addresses: it is shown without authentication.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Unknown => "not probed yet".to_owned(),
            Self::Healthy => "healthy".to_owned(),
            Self::Unreachable(_) => "cannot be reached".to_owned(),
            Self::IsReplica => "is a replica and takes no writes".to_owned(),
            Self::IsPrimary => "is the primary at present".to_owned(),
            Self::IsNoReplica => "is no replica: it follows no primary".to_owned(),
            Self::OtherCluster => "is a replica of another cluster".to_owned(),
            Self::LacksMigrations => "has not replayed the migrations yet".to_owned(),
            Self::Behind(lag) => format!("too far behind: {} ms", lag.as_millis()),
        }
    }
}

impl ClusterState {
    /// The state before the first probe. `history` is how long the primary's positions are kept.
    pub(super) fn new(replicas: usize, history: Duration) -> Self {
        let replica =
            ReplicaState { health: EndpointHealth::Unknown, replayed: Lsn::default(), as_of: DateTime::UNIX_EPOCH };
        Self {
            probed_at: None,
            primary: EndpointHealth::Unknown,
            consecutive_timeouts: 0,
            identifier: None,
            timeline: 0,
            replicas: vec![replica; replicas],
            history: History::new(history),
            migrated_at: Lsn::default(),
        }
    }

    /// The number of the server that is the primary: of those that take writes, the one that was
    /// promoted last. If there is none, it is the `current` one.
    pub(super) fn choose_primary(&self, candidates: &[Result<ProbeResult, DbError>], current: usize) -> usize {
        let taking_writes = candidates.iter().enumerate().filter_map(|(number, result)| {
            let result = result.as_ref().ok().filter(|result| self.is_successor(result))?;
            Some((result.timeline, number == current, number))
        });
        taking_writes.max().map_or(current, |(.., number)| number)
    }

    /// Whether a server is the primary or was promoted after it.
    fn is_successor(&self, result: &ProbeResult) -> bool {
        let is_foreign = self.identifier.zip(result.cluster_identifier).is_some_and(|(ours, its)| ours != its);
        !result.in_recovery && !is_foreign && result.timeline >= self.timeline
    }

    /// Whether a read endpoint is the primary that was seen last.
    fn is_primary(&self, result: &ProbeResult) -> bool {
        let is_known = self.identifier.is_some() && self.identifier == result.cluster_identifier;
        is_known && !result.in_recovery && result.timeline == self.timeline
    }

    /// Forgets the positions of a former primary.
    pub(super) fn begin_history(&mut self) {
        self.history.clear();
    }

    /// Takes the result of a probe of the primary that began at `taken`, which is `at` by the
    /// clock.
    pub(super) fn update_primary(
        &mut self,
        database: &str,
        result: Result<ProbeResult, DbError>,
        taken: Instant,
        at: DateTime<Utc>,
    ) {
        let is_timeout = matches!(result, Err(DbError::TimedOut));
        let was_silent = self.is_primary_silent();
        self.consecutive_timeouts = if is_timeout { self.consecutive_timeouts.saturating_add(1) } else { 0 };
        // Without replicas no other server can answer, so requests rather wait than fail.
        let waits_for_answer = self.replicas.is_empty() || !self.is_primary_silent();
        let was_healthy = self.primary == EndpointHealth::Healthy;
        if was_healthy && was_silent != self.is_primary_silent() && self.replicas.is_empty() {
            log_silence(database, !was_silent);
        }
        let health = match result {
            Err(DbError::TimedOut) if was_healthy && waits_for_answer => return,
            // The server runs; requests that hold a connection can go on with it.
            Err(error) if was_healthy && error.is_of_running_server() => return,
            Err(error) => EndpointHealth::Unreachable(error.to_string()),
            Ok(result) if result.in_recovery => EndpointHealth::IsReplica,
            Ok(result) => {
                self.identifier = result.cluster_identifier.or(self.identifier);
                self.timeline = self.timeline.max(result.timeline);
                self.history.add(Sample { taken, at, position: result.position });
                EndpointHealth::Healthy
            }
        };
        if health.describe() != self.primary.describe() {
            log_primary(database, &health);
        }
        self.primary = health;
    }

    /// Whether the last probes of the primary have timed out. Requests are still sent to it if the
    /// database has no replicas.
    pub(super) const fn is_primary_silent(&self) -> bool {
        self.consecutive_timeouts >= CONSECUTIVE_TIMEOUTS_MAX
    }

    /// Whether the last probe of the primary has timed out.
    pub(super) const fn has_primary_timed_out(&self) -> bool {
        self.consecutive_timeouts > 0
    }

    /// The health of the primary for those who ask whether it answers, as a readiness check does. A
    /// silent primary is not healthy, also if requests are still sent to it.
    pub(super) fn answering(&self) -> EndpointHealth {
        match &self.primary {
            EndpointHealth::Healthy if self.is_primary_silent() => {
                EndpointHealth::Unreachable(DbError::TimedOut.to_string())
            }
            health => health.clone(),
        }
    }

    /// Takes the result of a probe of one replica.
    pub(super) fn update_replica(
        &mut self,
        database: &'static str,
        number: usize,
        result: Result<ProbeResult, DbError>,
        max_lag: Duration,
    ) {
        let is_primary = result.as_ref().is_ok_and(|result| self.is_primary(result));
        let Some(replica) = self.replicas.get_mut(number) else { return };
        let health = match result {
            Err(error) => EndpointHealth::Unreachable(error.to_string()),
            Ok(_) if is_primary => EndpointHealth::IsPrimary,
            Ok(result) if !result.in_recovery => EndpointHealth::IsNoReplica,
            Ok(result) if self.identifier.zip(result.cluster_identifier).is_some_and(|(ours, its)| ours != its) => {
                EndpointHealth::OtherCluster
            }
            Ok(result) => {
                replica.replayed = result.position;
                replica.as_of = self.history.as_of(result.position).map_or(replica.as_of, |at| at.max(replica.as_of));
                let lag = self.history.lag(result.position);
                metrics::gauge!("piecework_replica_lag_seconds", "database" => database, "replica" => number.to_string())
                    .set(lag.as_secs_f64());
                match lag {
                    _ if result.position < self.migrated_at => EndpointHealth::LacksMigrations,
                    lag if lag > max_lag => EndpointHealth::Behind(lag),
                    _ => EndpointHealth::Healthy,
                }
            }
        };
        if std::mem::discriminant(&health) != std::mem::discriminant(&replica.health) {
            log_replica(database, number, &health);
        }
        replica.health = health;
    }
}

fn log_silence(database: &str, is_silent: bool) {
    if is_silent {
        tracing::warn!(database, "the primary does not answer: requests wait for it, and this process is not ready");
    } else {
        tracing::info!(database, "the primary answers again");
    }
}

fn log_primary(database: &str, health: &EndpointHealth) {
    let found = health.describe();
    match health {
        EndpointHealth::Healthy => tracing::info!(database, "the primary is healthy"),
        EndpointHealth::IsReplica => {
            tracing::error!(database, "the write_url leads to a replica, which takes no writes: set it to the primary");
        }
        EndpointHealth::Unreachable(error) => {
            tracing::warn!(database, found, error, "the primary is unreachable: commands are refused");
        }
        _ => {}
    }
}

fn log_replica(database: &str, number: usize, health: &EndpointHealth) {
    let found = health.describe();
    match health {
        EndpointHealth::Healthy => tracing::info!(database, number, "the replica is healthy and answers reads"),
        EndpointHealth::IsPrimary => tracing::info!(database, number, "the read_url leads to the present primary"),
        EndpointHealth::OtherCluster => tracing::error!(
            database,
            number,
            "a read_url leads to a replica of another cluster, which is not used: set it to a replica of this primary"
        ),
        EndpointHealth::Unreachable(error) => {
            tracing::warn!(database, number, found, error, "the replica is not used");
        }
        _ => tracing::warn!(database, number, found, "the replica is not used"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probed(state: &mut ClusterState, result: Result<ProbeResult, DbError>) {
        state.update_primary("database", result, Instant::now(), DateTime::UNIX_EPOCH);
    }

    fn answered() -> Result<ProbeResult, DbError> {
        Ok(ProbeResult { in_recovery: false, position: Lsn::default(), timeline: 1, cluster_identifier: None })
    }

    #[test]
    fn a_silent_primary_without_replicas_gets_requests_but_is_not_called_healthy() {
        let mut state = ClusterState::new(0, Duration::ZERO);
        probed(&mut state, answered());
        probed(&mut state, Err(DbError::TimedOut));
        assert_eq!(state.answering(), EndpointHealth::Healthy, "one timeout may be a busy moment");
        for _ in 0..3 {
            probed(&mut state, Err(DbError::TimedOut));
            assert_eq!(state.primary, EndpointHealth::Healthy);
            assert_eq!(state.answering().describe(), "cannot be reached");
        }
        probed(&mut state, answered());
        assert_eq!(state.answering(), EndpointHealth::Healthy);
    }

    #[test]
    fn a_silent_primary_with_replicas_gets_no_requests() {
        let mut state = ClusterState::new(1, Duration::ZERO);
        probed(&mut state, answered());
        for expected in ["healthy", "cannot be reached"] {
            probed(&mut state, Err(DbError::TimedOut));
            assert_eq!(
                (state.primary.describe().as_str(), state.answering().describe().as_str()),
                (expected, expected)
            );
        }
    }

    #[test]
    fn a_replica_without_the_migrations_is_not_said_to_lag() {
        let mut state = ClusterState::new(1, Duration::ZERO);
        probed(&mut state, answered());
        state.migrated_at = "0/2".parse().unwrap();
        for (replayed, expected) in [("0/1", EndpointHealth::LacksMigrations), ("0/2", EndpointHealth::Healthy)] {
            let position = replayed.parse().unwrap();
            let result = Ok(ProbeResult { in_recovery: true, position, timeline: 0, cluster_identifier: None });
            state.update_replica("database", 0, result, Duration::MAX);
            assert_eq!(state.replicas[0].health, expected);
        }
    }

    fn found(timeline: u32, identifier: i64) -> Result<ProbeResult, DbError> {
        let in_recovery = timeline == 0;
        Ok(ProbeResult { in_recovery, position: Lsn::default(), timeline, cluster_identifier: Some(identifier) })
    }

    #[test]
    fn the_server_that_was_promoted_last_is_the_primary() {
        let lost = || Err(DbError::TimedOut);
        let mut state = ClusterState::new(0, Duration::ZERO);
        assert_eq!(state.choose_primary(&[found(0, 1), found(1, 1)], 0), 1, "the only one that takes writes");
        probed(&mut state, found(2, 1));
        for (candidates, current, expected, why) in [
            ([found(2, 1), found(0, 1)], 0, 0, "a replica takes no writes"),
            ([lost(), found(0, 1)], 0, 0, "no server takes writes"),
            ([lost(), found(3, 1)], 0, 1, "the replica was promoted"),
            ([found(2, 1), found(3, 1)], 0, 1, "the replica was promoted and the former primary still runs"),
            ([lost(), found(1, 1)], 0, 0, "a former primary has come back"),
            ([lost(), found(3, 2)], 0, 0, "another cluster"),
            ([found(2, 1), found(2, 1)], 1, 1, "two names of one server"),
        ] {
            assert_eq!(state.choose_primary(&candidates, current), expected, "{why}");
        }
    }
}
