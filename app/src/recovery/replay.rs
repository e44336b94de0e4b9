//! Publishes the facts of every module again, so that subscribers get what they have lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use kernel::Problem;
use kernel::events::replay::Replay;
use serde::Serialize;

use super::{DRAIN_DEADLINE, in_database};
use crate::Error;
use crate::application::Application;

/// What a replay has done.
#[derive(Debug, Clone, Serialize)]
pub struct Replayed {
    /// Number of facts that were published again, by the type of their events.
    pub published: BTreeMap<&'static str, usize>,
    /// Number of events that are not applied by every subscriber yet.
    pub events_in_flight: i64,
}

/// Publishes the facts since a time, or all facts, and waits until they are applied. `observe` is
/// called with the type of event and the number of its facts so far.
///
/// # Errors
/// A database does not answer.
pub async fn replay(
    application: &Application,
    since: Option<DateTime<Utc>>,
    observe: impl Fn(&'static str, usize) + Send + Sync + 'static,
) -> Result<Replayed, Error> {
    let published: Arc<Mutex<BTreeMap<&'static str, usize>>> = Arc::default();
    let counted = Arc::clone(&published);
    let request = Replay::new(since, move |kind, facts| {
        let mut published = counted.lock().unwrap_or_else(PoisonError::into_inner);
        let total = published.entry(kind).or_default();
        *total += facts;
        observe(kind, *total);
    });
    for module in application.modules.all() {
        if let Some(replay) = &module.replay {
            replay(request.clone()).await.map_err(in_database(module.name))?;
        }
    }
    let undelivered = application.drain(DRAIN_DEADLINE).await.map_err(Problem::from)?;
    let published = published.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Replayed { published, events_in_flight: undelivered.events() })
}
