//! Many connections at once, on one thread: how many requests are answered in a round, and how long each takes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::Connection;
use crate::error::{Error, Result, failed};
use crate::statistics::Latencies;

/// Longer than any scenario.
const FOR_LONG: Duration = Duration::from_secs(24 * 3600);

/// Those who ask.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    pub address: SocketAddr,
    pub connections: usize,
    /// The status of each answer; another one is an error.
    pub expected: u16,
    /// So many requests a second in all, at fixed moments; each answer's time counts from its moment, so that waiting for a slow one
    /// before it counts too. `None`: each connection asks again as soon as it is answered.
    pub per_second: Option<f64>,
}

/// What a round has come to.
#[derive(Debug, Default)]
pub struct Tally {
    /// Requests answered in time.
    pub answered: u64,
    /// The round's length, or less if there was nothing left to ask.
    pub elapsed: Duration,
    pub latencies: Latencies,
    /// How often somebody was told to come again; the time of that request goes on meanwhile.
    pub sent_away: u64,
}

impl Tally {
    #[expect(clippy::cast_precision_loss, reason = "nobody answers 2^52 requests")]
    pub fn per_second(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64()
    }
}

impl Crowd {
    /// Asks until the round is over or `next`, which writes one request, has none left.
    ///
    /// # Errors
    /// An answer has another status than expected.
    pub async fn ask_for(&self, round: Duration, next: impl Next) -> Result<Tally> {
        self.gather(round, &Arc::default(), next).await
    }

    /// Asks as long as `work` takes.
    ///
    /// # Errors
    /// As above, or the work fails.
    pub async fn ask_while<T>(&self, next: impl Next, work: impl Future<Output = Result<T>>) -> Result<(Tally, T)> {
        let enough = Arc::new(AtomicBool::new(false));
        let working = async {
            let result = work.await;
            enough.store(true, Ordering::Relaxed);
            result
        };
        tokio::try_join!(self.gather(FOR_LONG, &enough, next), working)
    }

    async fn gather(&self, round: Duration, enough: &Arc<AtomicBool>, next: impl Next) -> Result<Tally> {
        let mut open = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            open.push(Connection::open(self.address).await?);
        }
        let next = Arc::new(Mutex::new(next));
        let began = Instant::now();
        let mut askers = JoinSet::new();
        for (place, connection) in (0_u32..).zip(open) {
            let next = Arc::clone(&next);
            let asker = Asker {
                connection,
                expected: self.expected,
                pace: self.per_second.map(|rate| Pace::new(began, rate, place, self.connections)),
                end: began + round,
                enough: Arc::clone(enough),
            };
            // A lock that was poisoned has nothing more to give.
            askers.spawn(asker.ask(move |request| next.lock().is_ok_and(|mut next| next(request))));
        }
        let mut tally = Tally { elapsed: round, ..Tally::default() };
        let (mut last, mut early) = (began, false);
        while let Some(asked) = askers.join_next().await {
            let asked = asked.map_err(|error| Error::Failed(error.to_string()))??;
            early |= asked.early;
            last = last.max(asked.last_answer);
            tally.answered += asked.latencies.len() as u64;
            tally.latencies.extend(&asked.latencies);
            tally.sent_away += asked.sent_away;
        }
        if early {
            tally.elapsed = last.saturating_duration_since(began).max(Duration::from_millis(1));
        }
        Ok(tally)
    }
}

/// Writes the next request; false if there is none.
pub trait Next: FnMut(&mut Vec<u8>) -> bool + Send + 'static {}
impl<F: FnMut(&mut Vec<u8>) -> bool + Send + 'static> Next for F {}

/// The moments at which one of several connections asks.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    moment: Instant,
    every: Duration,
}

impl Pace {
    /// Of so many connections that ask so often a second together, the one at that place.
    pub fn new(began: Instant, per_second: f64, place: u32, connections: usize) -> Self {
        let between = Duration::from_secs_f64(1.0 / per_second);
        let every = between * u32::try_from(connections).unwrap_or(u32::MAX);
        Self { moment: began + between * place, every }
    }

    /// Waits for the next moment, unless it has passed already, and returns it.
    pub async fn next(&mut self) -> Instant {
        let moment = self.moment;
        self.moment += self.every;
        tokio::time::sleep_until(moment.into()).await;
        moment
    }
}

struct Asker {
    connection: Connection,
    expected: u16,
    pace: Option<Pace>,
    end: Instant,
    enough: Arc<AtomicBool>,
}

/// What one connection did.
struct Asked {
    latencies: Latencies,
    last_answer: Instant,
    /// It ended before the round did.
    early: bool,
    sent_away: u64,
}

impl Asker {
    async fn ask(mut self, mut next: impl FnMut(&mut Vec<u8>) -> bool) -> Result<Asked> {
        let mut request = Vec::with_capacity(2048);
        let mut now = Instant::now();
        let mut asked = Asked { latencies: Latencies::default(), last_answer: now, early: false, sent_away: 0 };
        while now < self.end {
            let due = match &mut self.pace {
                Some(pace) => pace.next().await,
                None => now,
            };
            if self.enough.load(Ordering::Relaxed) || !next(&mut request) {
                asked.early = true;
                break;
            }
            let answer = self.connection.insist(&request).await?;
            if answer.status != self.expected {
                return failed(format!("{} instead of {}: {}", answer.status, self.expected, answer.text()));
            }
            now = Instant::now();
            // What is answered after the end is not of this round.
            if now < self.end {
                asked.latencies.note(now - due);
                asked.last_answer = now;
            }
        }
        asked.sent_away = self.connection.sent_away();
        Ok(asked)
    }
}
