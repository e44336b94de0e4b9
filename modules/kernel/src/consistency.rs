//! How fresh the answer to one request has to be: what its client has seen, and what it asks for.
//!
//! A command's answer carries the position in the log of each database that it wrote to; with it the same client's next reads see
//! what was written. What a command causes later in other modules, by events, is not covered: it is not written yet.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::db::{InvalidLsn, Lsn};

tokio::task_local! {
    static REQUEST: Arc<Consistency>;
}

/// How many databases a client can speak of.
const DATABASES_MAX: usize = 8;

/// Positions by database, written `left=0/16B3748,right=0/2A00060`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Positions(BTreeMap<String, Lsn>);

/// What one request wants, and what came of it.
#[derive(Debug, Default)]
pub struct Consistency {
    strong: bool,
    seen: Mutex<Positions>,
    wrote: AtomicBool,
    stale: AtomicBool,
}

/// What a read of one database has to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    Anything,
    /// Everything up to this position.
    UpTo(Lsn),
    /// Everything that was ever answered.
    Everything,
}

impl Positions {
    /// The databases that are spoken of.
    pub fn databases(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    fn note(&mut self, database: &str, position: Lsn) {
        let known = self.0.entry(database.to_owned()).or_default();
        *known = position.max(*known);
    }
}

impl FromStr for Positions {
    type Err = InvalidLsn;

    /// Also takes `&` between the parts: in a cookie there may be no comma.
    fn from_str(text: &str) -> Result<Self, InvalidLsn> {
        let mut positions = Self::default();
        for part in text.split([',', '&']) {
            let (database, position) = part.split_once('=').ok_or(InvalidLsn)?;
            positions.note(database.trim(), position.trim().parse()?);
            if positions.0.len() > DATABASES_MAX {
                return Err(InvalidLsn);
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
    /// `seen` is what the client says it has seen; `strong` if it wants the primary to answer.
    #[must_use]
    pub fn new(seen: Positions, strong: bool) -> Self {
        Self { strong, seen: Mutex::new(seen), ..Self::default() }
    }

    /// What the client will have seen with the answer; none if nothing was written.
    #[must_use]
    pub fn written(&self) -> Option<Positions> {
        let wrote = self.wrote.load(Ordering::Relaxed);
        wrote.then(|| self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Whether the answer may be older than what was asked for.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }

    /// From here on, reads of this request see it too.
    pub(crate) fn note_commit(&self, database: &str, position: Lsn) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).note(database, position);
        self.wrote.store(true, Ordering::Relaxed);
    }
}

/// Runs the work of a request.
pub async fn scope<T>(request: Arc<Consistency>, work: impl Future<Output = T>) -> T {
    REQUEST.scope(request, work).await
}

/// The present request; none outside of one.
#[must_use]
pub fn current() -> Option<Arc<Consistency>> {
    REQUEST.try_with(Arc::clone).ok()
}

pub(crate) fn demand(database: &str) -> Demand {
    let Some(request) = current() else { return Demand::Anything };
    if request.strong {
        return Demand::Everything;
    }
    let seen = request.seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.0.get(database).map_or(Demand::Anything, |position| Demand::UpTo(*position))
}

pub(crate) fn mark_stale() {
    if let Some(request) = current() {
        request.stale.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_come_back_as_they_were_given() {
        let text = "left=1/16B3748,right=0/2A00060";
        assert_eq!(text.parse::<Positions>().unwrap().to_string(), text);
        assert_eq!(text.replace(',', "&").parse::<Positions>().unwrap().to_string(), text);
        for text in ["", "left", "left=", "left=0/1,", "=", "left=0"] {
            assert!(text.parse::<Positions>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_request_sees_its_own_commits_and_never_goes_back() {
        let request = Arc::new(Consistency::new("left=0/20".parse().unwrap(), false));
        assert_eq!(request.written(), None);
        let given = Arc::clone(&request);
        scope(given, async {
            current().unwrap().note_commit("left", "0/10".parse().unwrap());
            assert_eq!(demand("left"), Demand::UpTo("0/20".parse().unwrap()));
            current().unwrap().note_commit("left", "0/30".parse().unwrap());
            assert_eq!(demand("left"), Demand::UpTo("0/30".parse().unwrap()));
            assert_eq!(demand("right"), Demand::Anything);
        })
        .await;
        assert_eq!(request.written().unwrap().to_string(), "left=0/30");
    }
}
