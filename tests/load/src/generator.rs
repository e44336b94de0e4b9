//! The load generator: many connections on one thread. It counts the answers of a round and
//! measures the latency of each.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::Connection;
use crate::error::{Error, Result, failed};
use crate::statistics::Latencies;

/// The length of a round that ends with other work: longer than any scenario.
const UNLIMITED: Duration = Duration::from_secs(24 * 3600);

/// The target and the rate of the requests.
#[derive(Debug, Clone, Copy)]
pub struct Generator {
    /// The address of the program.
    pub address: SocketAddr,
    /// Number of connections.
    pub connections: usize,
    /// The status of every answer. Any other status is an error.
    pub expected_status: u16,
    /// Requests a second over all connections, at fixed times. The latency of an answer counts from
    /// the time at which its request was due, so that a delay by the answer before it counts too.
    /// `None`: each connection sends its next request as soon as it has the answer.
    pub per_second: Option<f64>,
}

/// The result of one round.
#[derive(Debug, Default)]
pub struct Measurement {
    /// Number of requests that were answered in the round.
    pub answered: u64,
    /// The length of the round; less if the requests ran out.
    pub elapsed: Duration,
    /// The latency of each answer.
    pub latencies: Latencies,
    /// Number of requests that were repeated because the program was too busy. Their latency
    /// includes the repetitions.
    pub retries: u64,
}

impl Measurement {
    #[expect(clippy::cast_precision_loss, reason = "no round has 2^52 answers")]
    pub fn per_second(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64()
    }
}

impl Generator {
    /// Sends requests until the round is over or `source` has no more requests.
    ///
    /// # Errors
    /// An answer has an unexpected status.
    pub async fn send_for(&self, round: Duration, source: impl RequestSource) -> Result<Measurement> {
        self.send(round, &Arc::default(), source).await
    }

    /// Sends requests while `work` runs.
    ///
    /// # Errors
    /// An answer has an unexpected status, or the work fails.
    pub async fn send_while<T>(
        &self,
        source: impl RequestSource,
        work: impl Future<Output = Result<T>>,
    ) -> Result<(Measurement, T)> {
        let stop = Arc::new(AtomicBool::new(false));
        let work = async {
            let result = work.await;
            stop.store(true, Ordering::Relaxed);
            result
        };
        tokio::try_join!(self.send(UNLIMITED, &stop, source), work)
    }

    async fn send(&self, round: Duration, stop: &Arc<AtomicBool>, source: impl RequestSource) -> Result<Measurement> {
        let mut connections = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            connections.push(Connection::open(self.address).await?);
        }
        let source = Arc::new(Mutex::new(source));
        let start = Instant::now();
        let mut senders = JoinSet::new();
        for (index, connection) in (0_u32..).zip(connections) {
            let source = Arc::clone(&source);
            let sender = Sender {
                connection,
                expected_status: self.expected_status,
                schedule: self.per_second.map(|rate| Schedule::new(start, rate, index, self.connections)),
                end: start + round,
                stop: Arc::clone(stop),
            };
            // A poisoned lock means that another sender has failed.
            senders.spawn(sender.send(move |request| source.lock().is_ok_and(|mut source| source(request))));
        }
        let mut measurement = Measurement { elapsed: round, ..Measurement::default() };
        let (mut last_answer, mut ended_early) = (start, false);
        while let Some(sent) = senders.join_next().await {
            let sent = sent.map_err(|error| Error::Failed(error.to_string()))??;
            ended_early |= sent.ended_early;
            last_answer = last_answer.max(sent.last_answer);
            measurement.answered += sent.latencies.len() as u64;
            measurement.latencies.extend(&sent.latencies);
            measurement.retries += sent.retries;
        }
        if ended_early {
            measurement.elapsed = last_answer.saturating_duration_since(start).max(Duration::from_millis(1));
        }
        Ok(measurement)
    }
}

/// Writes the next request into the buffer. Returns false if there are no more requests.
pub trait RequestSource: FnMut(&mut Vec<u8>) -> bool + Send + 'static {}
impl<F: FnMut(&mut Vec<u8>) -> bool + Send + 'static> RequestSource for F {}

/// The times at which one of several connections sends its requests.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    next: Instant,
    interval: Duration,
}

impl Schedule {
    /// The schedule of connection `index` of `connections`, which together send `per_second`.
    pub fn new(start: Instant, per_second: f64, index: u32, connections: usize) -> Self {
        let between = Duration::from_secs_f64(1.0 / per_second);
        let interval = between * u32::try_from(connections).unwrap_or(u32::MAX);
        Self { next: start + between * index, interval }
    }

    /// Waits for the next time, unless it has passed, and returns it.
    pub async fn next(&mut self) -> Instant {
        let due = self.next;
        self.next += self.interval;
        tokio::time::sleep_until(due.into()).await;
        due
    }
}

/// One connection of a generator.
struct Sender {
    connection: Connection,
    expected_status: u16,
    schedule: Option<Schedule>,
    end: Instant,
    stop: Arc<AtomicBool>,
}

/// The result of one connection.
struct Sent {
    latencies: Latencies,
    last_answer: Instant,
    /// The connection stopped before the end of the round.
    ended_early: bool,
    retries: u64,
}

impl Sender {
    async fn send(mut self, mut source: impl FnMut(&mut Vec<u8>) -> bool) -> Result<Sent> {
        let mut request = Vec::with_capacity(2048);
        let mut now = Instant::now();
        let mut sent = Sent { latencies: Latencies::default(), last_answer: now, ended_early: false, retries: 0 };
        while now < self.end {
            let due = match &mut self.schedule {
                Some(schedule) => schedule.next().await,
                None => now,
            };
            if self.stop.load(Ordering::Relaxed) || !source(&mut request) {
                sent.ended_early = true;
                break;
            }
            let answer = self.connection.send_with_retry(&request).await?;
            if answer.status != self.expected_status {
                return failed(format!("{} instead of {}: {}", answer.status, self.expected_status, answer.text()));
            }
            now = Instant::now();
            // An answer after the end of the round does not count.
            if now < self.end {
                sent.latencies.record(now - due);
                sent.last_answer = now;
            }
        }
        sent.retries = self.connection.retries();
        Ok(sent)
    }
}
