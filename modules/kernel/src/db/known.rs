//! What is known of each endpoint of a database, and how what was seen of it is judged.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::Lsn;
use super::history::{History, Sample};
use super::look::Seen;

const SILENCES_MAX: u32 = 2;
const TOO_MANY_CONNECTIONS: &str = "53300";

/// What the last looks have found.
pub(super) struct Known {
    pub(super) looked_at: Option<Instant>,
    pub(super) primary: Condition,
    /// How often in a row the primary did not answer in time, but did not refuse either: it may just be busy.
    pub(super) silences: u32,
    /// Of the cluster that the primary belongs to.
    pub(super) identifier: Option<i64>,
    pub(super) replicas: Vec<Replica>,
    pub(super) history: History,
    /// What the migrations have made is on a replica from here on.
    pub(super) floor: Lsn,
}

#[derive(Debug, Clone)]
pub(super) struct Replica {
    pub(super) condition: Condition,
    pub(super) replayed: Lsn,
    /// Its answers hold everything that was committed before.
    pub(super) as_of: DateTime<Utc>,
}

/// What an endpoint was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Nobody has looked yet.
    Unknown,
    Fit,
    /// It does not answer; with what was said instead.
    Unreachable(String),
    /// A write endpoint that is a replica.
    IsReplica,
    /// A read endpoint that follows nobody.
    IsNoReplica,
    /// A replica of another cluster than the primary's.
    OtherCluster,
    /// A replica that lags too much, or has not seen the migrations.
    Behind(Duration),
}

impl Condition {
    /// Short, and without addresses: it is shown to everybody.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Unknown => "not looked at yet".to_owned(),
            Self::Fit => "fit".to_owned(),
            Self::Unreachable(_) => "cannot be reached".to_owned(),
            Self::IsReplica => "is a replica and takes no writes".to_owned(),
            Self::IsNoReplica => "is no replica: it follows no primary".to_owned(),
            Self::OtherCluster => "is a replica of another cluster".to_owned(),
            Self::Behind(lag) => format!("too far behind: {} ms", lag.as_millis()),
        }
    }
}

impl Known {
    pub(super) fn judge_primary(
        &mut self,
        database: &str,
        seen: Result<Seen, sqlx::Error>,
        taken: Instant,
        at: DateTime<Utc>,
    ) {
        let is_silent = matches!(seen, Err(sqlx::Error::PoolTimedOut));
        let silences_max = if self.replicas.is_empty() { u32::MAX } else { SILENCES_MAX };
        self.silences = if is_silent { self.silences.saturating_add(1) } else { 0 };
        let condition = match seen {
            // Where nobody else could answer either, it is better to wait than to refuse.
            Err(_) if self.primary == Condition::Fit && is_silent && self.silences < silences_max => return,
            // It is there; whoever has a connection can go on with it.
            Err(sqlx::Error::Database(error))
                if self.primary == Condition::Fit && error.code().as_deref() == Some(TOO_MANY_CONNECTIONS) =>
            {
                return;
            }
            Err(error) => Condition::Unreachable(error.to_string()),
            Ok(seen) if seen.in_recovery => Condition::IsReplica,
            Ok(seen) => {
                self.identifier = seen.identifier.or(self.identifier);
                self.history.add(Sample { taken, at, position: seen.position });
                Condition::Fit
            }
        };
        if condition.describe() != self.primary.describe() {
            let found = condition.describe();
            match &condition {
                Condition::Fit => tracing::info!(database, "the primary answers"),
                Condition::IsReplica => tracing::error!(
                    database,
                    "the write_url leads to a replica, which takes no writes: set it to the primary"
                ),
                Condition::Unreachable(error) => {
                    tracing::warn!(database, found, error, "no primary: commands are refused");
                }
                _ => {}
            }
        }
        self.primary = condition;
    }

    pub(super) fn judge_replica(
        &mut self,
        database: &'static str,
        number: usize,
        seen: Result<Seen, sqlx::Error>,
        max_lag: Duration,
    ) {
        let Some(replica) = self.replicas.get_mut(number) else { return };
        let condition = match seen {
            Err(error) => Condition::Unreachable(error.to_string()),
            Ok(seen) if !seen.in_recovery => Condition::IsNoReplica,
            Ok(seen) if self.identifier.zip(seen.identifier).is_some_and(|(ours, its)| ours != its) => {
                Condition::OtherCluster
            }
            Ok(seen) => {
                replica.replayed = seen.position;
                replica.as_of = self.history.as_of(seen.position).map_or(replica.as_of, |at| at.max(replica.as_of));
                let lag = self.history.lag(seen.position);
                metrics::gauge!("piecework_replica_lag_seconds", "database" => database, "replica" => number.to_string())
                    .set(lag.as_secs_f64());
                if lag > max_lag || seen.position < self.floor { Condition::Behind(lag) } else { Condition::Fit }
            }
        };
        let changed = std::mem::discriminant(&condition) != std::mem::discriminant(&replica.condition);
        if changed {
            let found = condition.describe();
            match &condition {
                Condition::Fit => tracing::info!(database, number, "a replica answers reads"),
                Condition::OtherCluster => tracing::error!(
                    database,
                    number,
                    "a read_url leads to a replica of another cluster; it is not asked: set it to one of this primary"
                ),
                Condition::Unreachable(error) => {
                    tracing::warn!(database, number, found, error, "a replica is not asked");
                }
                _ => tracing::warn!(database, number, found, "a replica is not asked"),
            }
        }
        replica.condition = condition;
    }
}
