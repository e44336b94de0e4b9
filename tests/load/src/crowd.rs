//! Many connections at once, on one thread: how many requests are answered in a round, and how long each takes.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, LocalSet};

use crate::client::Connection;
use crate::error::{Error, Result, failed};
use crate::statistics::Latencies;

/// What a round has come to.
#[derive(Debug, Default)]
pub struct Tally {
    /// Requests answered in time.
    pub answered: u64,
    /// The round's length, or less if there was nothing left to ask.
    pub elapsed: Duration,
    pub latencies: Latencies,
}

impl Tally {
    #[expect(clippy::cast_precision_loss, reason = "nobody answers 2^52 requests")]
    pub fn per_second(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64()
    }
}

/// Asks over so many connections, each its next request as soon as the last is answered, until the round is over or `next`, which
/// writes one request, has none left.
///
/// # Errors
/// An answer has another status than `expected`.
pub async fn flood(
    address: SocketAddr,
    connections: usize,
    round: Duration,
    expected: u16,
    next: impl FnMut(&mut Vec<u8>) -> bool + 'static,
) -> Result<Tally> {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(address).await?);
    }
    let next = Rc::new(RefCell::new(next));
    let began = Instant::now();
    let asking = LocalSet::new();
    let mut askers = JoinSet::new();
    for connection in open {
        let next = Rc::clone(&next);
        let asker = ask(connection, began + round, expected, move |request| next.borrow_mut()(request));
        askers.spawn_local_on(asker, &asking);
    }
    let collecting = async {
        let mut tally = Tally { elapsed: round, ..Tally::default() };
        let mut last = Duration::ZERO;
        let mut exhausted = false;
        while let Some(asked) = askers.join_next().await {
            let asked = asked.map_err(|error| Error::Failed(error.to_string()))??;
            exhausted |= asked.exhausted;
            last = last.max(asked.last_answer.saturating_duration_since(began));
            tally.answered += asked.latencies.len() as u64;
            tally.latencies.extend(&asked.latencies);
        }
        if exhausted {
            tally.elapsed = last;
        }
        Ok(tally)
    };
    asking.run_until(collecting).await
}

/// What one connection did.
struct Asked {
    latencies: Latencies,
    last_answer: Instant,
    exhausted: bool,
}

async fn ask(
    mut connection: Connection,
    end: Instant,
    expected: u16,
    mut next: impl FnMut(&mut Vec<u8>) -> bool,
) -> Result<Asked> {
    let mut request = Vec::with_capacity(2048);
    let mut now = Instant::now();
    let mut asked = Asked { latencies: Latencies::default(), last_answer: now, exhausted: false };
    while now < end {
        if !next(&mut request) {
            asked.exhausted = true;
            break;
        }
        let answer = connection.send(&request).await?;
        if answer.status != expected {
            return failed(format!("{} instead of {expected}: {}", answer.status, answer.text()));
        }
        let answered = Instant::now();
        // What is answered after the end is not of this round.
        if answered < end {
            asked.latencies.note(answered - now);
            asked.last_answer = answered;
        }
        now = answered;
    }
    Ok(asked)
}
