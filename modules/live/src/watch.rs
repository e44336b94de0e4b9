//! Watches a person's tasks, wallet and runs for one stream.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use contracts::PersonId;

use crate::Live;
use crate::domain::{Change, Versions, compare_tasks, compare_wallet};
use crate::feed::{Place, State};

/// Time between two reads of the state. A change may come from any process, so no signal of this
/// process announces it.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// What a stream shows next.
#[derive(Debug)]
pub(crate) enum Shown {
    /// The stream is connected. If it is not resumed, the client loads everything now.
    Connected {
        /// Whether the client has said which versions it has seen.
        is_resumed: bool,
    },
    /// Something has changed.
    Changed(Change),
}

/// One stream of a person.
pub(crate) struct Watch {
    place: Place,
    person_id: PersonId,
    sees_runs: bool,
    /// The versions that the client has seen. `None` if it has not said so.
    resumed_after: Option<Versions>,
    /// The versions that the stream has shown. `None` before it is connected.
    shown: Option<Versions>,
    /// What is known and not shown yet, with the versions after it.
    next: VecDeque<(Versions, Shown)>,
}

impl Live {
    /// Begins to watch for a stream of this person. `resumed_after` are the versions that the
    /// client has seen on an earlier stream.
    pub(crate) fn watch_changes(&self, person_id: PersonId, sees_runs: bool, resumed_after: Option<Versions>) -> Watch {
        let (place, must_poll) = self.feed.join(person_id);
        if must_poll {
            tokio::spawn(self.clone().poll());
        }
        Watch { place, person_id, sees_runs, resumed_after, shown: None, next: VecDeque::new() }
    }

    /// Reads the state of everybody who has a stream, until nobody has one.
    async fn poll(self) {
        while let Some(people) = self.feed.people() {
            let (tasks, wallets) = tokio::join!(self.load_tasks(&people), self.load_wallets(&people));
            for error in [tasks.as_ref().err(), wallets.as_ref().err()].into_iter().flatten() {
                tracing::debug!(%error, "the state for the event streams could not be read");
            }
            self.feed.show(State { tasks: tasks.ok().map(Arc::new), wallets: wallets.ok().map(Arc::new) });
            let _new_stream = tokio::time::timeout(POLL_INTERVAL, self.feed.wait_for_new_stream()).await;
        }
    }
}

impl Watch {
    /// What comes next, with the versions after it. It may be cancelled.
    pub async fn next(&mut self) -> (Versions, Shown) {
        loop {
            if let Some(next) = self.next.pop_front() {
                return next;
            }
            let state = self.place.next_state().await;
            self.take(&state);
        }
    }

    /// Queues what is new in a state.
    fn take(&mut self, state: &State) {
        if !state.covers(self.person_id) {
            return;
        }
        let mut shown = match self.shown {
            Some(shown) => shown,
            None => {
                let mut current = Versions::default();
                // The client loads everything, so the present state is no change to it.
                let _changes = self.compare(state, &mut current);
                let shown = self.resumed_after.unwrap_or(current);
                self.next.push_back((shown, Shown::Connected { is_resumed: self.resumed_after.is_some() }));
                shown
            }
        };
        let changes = self.compare(state, &mut shown);
        self.shown = Some(shown);
        self.next.extend(changes.into_iter().map(|(versions, change)| (versions, Shown::Changed(change))));
    }

    fn compare(&self, state: &State, shown: &mut Versions) -> Vec<(Versions, Change)> {
        let mut changes = Vec::new();
        if let Some(tasks) = &state.tasks {
            changes.extend(compare_tasks(tasks, self.person_id, self.sees_runs, shown));
        }
        if let Some(wallets) = &state.wallets {
            changes.extend(compare_wallet(wallets, self.person_id, shown));
        }
        changes
    }
}
