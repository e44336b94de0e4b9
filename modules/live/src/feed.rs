//! The streams of this process, and the state that was read last for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use contracts::PersonId;
use tokio::sync::{Notify, watch};

use crate::domain::{TasksState, WalletsState};

/// The people whose state is read, and that state.
#[derive(Default)]
pub(crate) struct Feed {
    watched: Mutex<Watched>,
    state: watch::Sender<State>,
    new_stream: Notify,
}

#[derive(Default)]
struct Watched {
    /// Number of the streams of each person.
    streams: HashMap<PersonId, usize>,
    /// Whether a task reads the state.
    is_polled: bool,
}

/// The state of everybody who has a stream. A part is missing until its database has answered.
#[derive(Clone, Default)]
pub(crate) struct State {
    /// Tasks and runs.
    pub tasks: Option<Arc<TasksState>>,
    /// Wallets.
    pub wallets: Option<Arc<WalletsState>>,
}

impl State {
    /// Whether the state was read for this person. A read that began before the person's stream
    /// joined was not.
    pub fn covers(&self, person_id: PersonId) -> bool {
        self.tasks.as_ref().is_some_and(|tasks| tasks.people.contains_key(&person_id))
            || self.wallets.as_ref().is_some_and(|wallets| wallets.lines.contains_key(&person_id))
    }
}

/// The place of one stream in the feed, until it is dropped.
pub(crate) struct Place {
    feed: Arc<Feed>,
    person_id: PersonId,
    state: watch::Receiver<State>,
}

impl Feed {
    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a stream of this person. True if the caller has to start reading the state.
    pub fn join(self: &Arc<Self>, person_id: PersonId) -> (Place, bool) {
        let mut state = self.state.subscribe();
        // What was read before may not contain this person.
        state.mark_unchanged();
        let mut watched = self.watched();
        *watched.streams.entry(person_id).or_default() += 1;
        let must_poll = !std::mem::replace(&mut watched.is_polled, true);
        drop(watched);
        self.new_stream.notify_one();
        (Place { feed: Arc::clone(self), person_id, state }, must_poll)
    }

    /// The people who have a stream. `None` if there is no stream: the caller stops reading.
    pub fn people(&self) -> Option<Vec<PersonId>> {
        let mut watched = self.watched();
        if watched.streams.is_empty() {
            watched.is_polled = false;
            return None;
        }
        Some(watched.streams.keys().copied().collect())
    }

    /// Returns when a stream has joined since the last call.
    pub async fn wait_for_new_stream(&self) {
        self.new_stream.notified().await;
    }

    /// Shows a new state to every stream. A missing part leaves the part of before.
    pub fn show(&self, new: State) {
        self.state.send_modify(|state| {
            state.tasks = new.tasks.or_else(|| state.tasks.take());
            state.wallets = new.wallets.or_else(|| state.wallets.take());
        });
    }
}

impl Place {
    /// The next state.
    pub async fn next_state(&mut self) -> State {
        // The feed lives as long as this place, so its sender is there.
        let _is_open = self.state.changed().await;
        self.state.borrow_and_update().clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut watched = self.feed.watched();
        if let Some(streams) = watched.streams.get_mut(&self.person_id) {
            *streams -= 1;
            if *streams == 0 {
                watched.streams.remove(&self.person_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_was_read_before_a_person_joined_does_not_cover_them() {
        let (first, second) = (PersonId::from(uuid::Uuid::from_u128(1)), PersonId::from(uuid::Uuid::from_u128(2)));
        let lines = HashMap::from([(first, 3)]);
        let wallets = WalletsState { lines, position: String::new() };
        let state = State { tasks: None, wallets: Some(Arc::new(wallets)) };
        assert!(state.covers(first) && !state.covers(second));
    }

    #[test]
    fn the_state_is_read_by_one_task_as_long_as_there_are_streams() {
        let feed = Arc::new(Feed::default());
        let person = PersonId::from(uuid::Uuid::from_u128(1));
        let (first, must_poll) = feed.join(person);
        assert!(must_poll);
        let (second, must_poll) = feed.join(person);
        assert!(!must_poll);
        drop(first);
        assert_eq!(feed.people(), Some(vec![person]));
        drop(second);
        assert_eq!(feed.people(), None);
        assert!(feed.join(person).1, "the task has stopped, so the next stream starts another");
    }
}
