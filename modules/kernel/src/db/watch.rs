//! Keeps what is known of a database's servers up to date, and follows the primary when another
//! server has become it.
//!
//! A database with several servers is probed twice a second. A database with one server is probed
//! only after a connection was slow to come or was lost, or when its health is asked for. A
//! database whose primary does not answer is probed until it does.

use std::time::Duration;

use tokio::time::Instant;

use super::endpoints::{Endpoints, Standing};
use super::health::EndpointHealth;
use super::probe::Probes;
use crate::runtime::shutdown::ShutdownSignal;

/// Time between two probes of a database with several servers.
const PROBE_INTERVAL: Duration = Duration::from_millis(500);
/// Time between two probes of a database whose primary is down or does not answer.
const DOWN_PROBE_INTERVAL: Duration = Duration::from_millis(100);
/// Minimum time between two probes when many requests report failures.
pub(super) const PROBE_INTERVAL_MIN: Duration = Duration::from_millis(50);

impl Endpoints {
    /// A database with one server that only takes writes is probed when there is a reason.
    const fn is_probed_regularly(&self) -> bool {
        self.has_replicas() || self.has_successors()
    }

    /// Causes a probe of all endpoints soon.
    pub(super) fn report_failure(&self) {
        self.failure_reported.notify_one();
    }

    /// Probes all endpoints, unless the last probe began less than `max_age` ago.
    pub async fn probe_if_older_than(&self, max_age: Duration) {
        let mut probes = self.probes.lock().await;
        if self.state().probed_at.is_none_or(|probed_at| probed_at.elapsed() > max_age) {
            self.probe_with(&mut probes).await;
        }
    }

    async fn probe_with(&self, probes: &mut Probes) {
        let (taken, at) = (Instant::now(), self.ambient.now());
        let (mut candidates, replicas) = probes.probe(self.pools.candidates(), &self.settings.replicas).await;
        let current = self.pools.primary();
        let (is_down, primary, is_first) = {
            let mut state = self.state();
            let is_first = state.probed_at.replace(taken).is_none();
            let primary = state.choose_primary(&candidates, current);
            if primary != current {
                state.begin_history();
            }
            state.update_primary(self.name, candidates.swap_remove(primary), taken, at);
            for (number, result) in replicas.into_iter().enumerate() {
                state.update_replica(self.name, number, result, self.settings.max_lag);
            }
            (state.primary != EndpointHealth::Healthy, primary, is_first)
        };
        if primary != current {
            self.switch_to(primary, is_first);
        }
        self.standing.send_if_modified(|standing| {
            let now = Standing { is_down, switches: standing.switches + u64::from(primary != current) };
            std::mem::replace(standing, now) != now
        });
    }

    /// Makes another server the primary. The first probe only finds out which one it is.
    fn switch_to(&self, primary: usize, is_first_probe: bool) {
        self.pools.switch_to(primary);
        let server = self.primary();
        let (database, host, port) = (self.name, server.get_host(), server.get_port());
        if is_first_probe {
            tracing::info!(database, host, port, "this server is the primary");
        } else {
            tracing::warn!(database, host, port, "another server has become the primary");
            metrics::counter!("piecework_primary_switches_total", "database" => database).increment(1);
        }
    }

    /// Keeps the state of the endpoints up to date until the shutdown.
    pub async fn watch(&self, mut shutdown: ShutdownSignal) {
        loop {
            let probe = async {
                let is_silent = !self.has_replicas() && self.state().has_primary_timed_out();
                if self.is_primary_down() || is_silent {
                    tokio::time::sleep(DOWN_PROBE_INTERVAL).await;
                } else if self.is_probed_regularly() {
                    // A timeout is the regular probe.
                    let _reported = tokio::time::timeout(PROBE_INTERVAL, self.failure_reported.notified()).await;
                } else {
                    self.failure_reported.notified().await;
                }
                self.probe_if_older_than(PROBE_INTERVAL_MIN).await;
            };
            if shutdown.or(probe).await.is_none() {
                return;
            }
        }
    }

    /// Closes the connections that belong to no module's pool.
    pub async fn close(&self) {
        self.positions.close().await;
        *self.probes.lock().await = Probes::default();
    }
}
