//! How fresh the answer to one request must be, given what its client has already seen.
//!
//! The answer to a command carries the position in the log of each database that it wrote to. The
//! client sends these positions with its next reads, so that they include what it wrote. Positions
//! do not cover what the command's events cause in other modules later.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::position::{InvalidPosition, Position};

tokio::task_local! {
    static REQUEST: Arc<Consistency>;
}

/// Maximum number of databases in the positions that a client sends.
const DATABASES_MAX: usize = 8;

/// Log positions by database, written as `first=0/16B3748,second=2:0/2A00060`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Positions(BTreeMap<String, Position>);

/// The freshness that one request requires, and the freshness of its answer.
#[derive(Debug, Default)]
pub struct Consistency {
    strong: bool,
    seen: Mutex<Positions>,
    wrote: AtomicBool,
    stale: AtomicBool,
}

/// The freshness that a read of one database requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// The answer of any healthy replica will do.
    Any,
    /// The answer must include everything up to this position.
    UpTo(Position),
    /// The answer must include every commit, so only the primary can give it.
    Latest,
}

impl Positions {
    /// The position of one database.
    pub(super) fn at(database: &str, position: Position) -> Self {
        Self(BTreeMap::from([(database.to_owned(), position)]))
    }

    /// The names of the databases.
    pub fn databases(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Keeps the later position of each database.
    pub fn raise_to(&mut self, others: &Self) {
        for (database, position) in &others.0 {
            self.raise(database, *position);
        }
    }

    /// Raises the position of a database; a lower position changes nothing.
    fn raise(&mut self, database: &str, position: Position) {
        let known = self.0.entry(database.to_owned()).or_insert(position);
        *known = position.max(*known);
    }
}

impl FromStr for Positions {
    type Err = InvalidPosition;

    /// Accepts `&` as well as `,` between the parts: a cookie may not contain a comma.
    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let mut positions = Self::default();
        for part in text.split([',', '&']) {
            let (database, position) = part.split_once('=').ok_or(InvalidPosition)?;
            positions.raise(database.trim(), position.trim().parse()?);
            if positions.0.len() > DATABASES_MAX {
                return Err(InvalidPosition);
            }
        }
        Ok(positions)
    }
}

impl fmt::Display for Positions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (database, position)) in self.0.iter().enumerate() {
            write!(formatter, "{}{database}={position}", if index > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

impl Consistency {
    /// `seen` are the positions that the client has sent. With `strong` the primary must answer.
    #[must_use]
    pub fn new(seen: Positions, strong: bool) -> Self {
        Self { strong, seen: Mutex::new(seen), ..Self::default() }
    }

    /// The positions to send to the client with the answer; none if nothing was written.
    #[must_use]
    pub fn written(&self) -> Option<Positions> {
        let wrote = self.wrote.load(Ordering::Relaxed);
        wrote.then(|| self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Whether the answer may be older than required.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }

    /// Notes a commit of this request; its later reads include it too. The position includes all
    /// commits before it, also those whose positions are not known.
    pub(crate) fn note_commit(&self, database: &str, position: Position) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.0.retain(|known, position| known != database || !position.is_unknown());
        seen.raise(database, position);
        drop(seen);
        self.wrote.store(true, Ordering::Relaxed);
    }
}

/// Runs `work` as part of a request.
pub async fn scope<T>(request: Arc<Consistency>, work: impl Future<Output = T>) -> T {
    REQUEST.scope(request, work).await
}

/// The consistency of the current request; none outside of a request.
#[must_use]
pub fn current() -> Option<Arc<Consistency>> {
    REQUEST.try_with(Arc::clone).ok()
}

/// The freshness that the current request requires of a read of `database`.
pub(crate) fn required_freshness(database: &str) -> Freshness {
    let Some(request) = current() else { return Freshness::Any };
    if request.strong {
        return Freshness::Latest;
    }
    let seen = request.seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.0.get(database).map_or(Freshness::Any, |position| Freshness::UpTo(*position))
}

/// Notes that the answer to the current request may be older than required.
pub(crate) fn mark_stale() {
    if let Some(request) = current() {
        request.stale.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_written_as_they_are_read() {
        let text = "first=0/2A00060,second=3:1/16B3748";
        assert_eq!(text.parse::<Positions>().unwrap().to_string(), text);
        assert_eq!(text.replace(',', "&").parse::<Positions>().unwrap().to_string(), text);
        for text in ["", "first", "first=", "first=0/1,", "=", "first=0", "first=x:0/1"] {
            assert!(text.parse::<Positions>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn the_position_of_a_request_never_decreases() {
        let request = Arc::new(Consistency::new("first=0/20".parse().unwrap(), false));
        assert_eq!(request.written(), None);
        scope(Arc::clone(&request), async {
            current().unwrap().note_commit("first", "0/10".parse().unwrap());
            assert_eq!(required_freshness("first"), Freshness::UpTo("0/20".parse().unwrap()));
            current().unwrap().note_commit("first", "0/30".parse().unwrap());
            assert_eq!(required_freshness("first"), Freshness::UpTo("0/30".parse().unwrap()));
            assert_eq!(required_freshness("second"), Freshness::Any);
        })
        .await;
        assert_eq!(request.written().unwrap().to_string(), "first=0/30");
    }

    #[test]
    fn the_position_of_a_new_primary_is_later_and_an_unknown_one_holds_until_the_next_commit() {
        let request = Consistency::new("first=0/20".parse().unwrap(), false);
        for (committed, expected) in [
            ("2:0/10".parse().unwrap(), "first=2:0/10"),
            (Position::unknown(2), "first=2:FFFFFFFF/FFFFFFFF"),
            ("2:0/30".parse().unwrap(), "first=2:0/30"),
        ] {
            request.note_commit("first", committed);
            assert_eq!(request.written().unwrap().to_string(), expected);
        }
    }
}
