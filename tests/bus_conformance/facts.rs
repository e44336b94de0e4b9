//! The facts of these tests, and their events.

use contracts::{Event, Fact};
use serde::{Deserialize, Serialize};

/// The fact that the subscribers count.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Counted {
    pub number: i64,
    /// The weight of the event in a batch.
    #[serde(default)]
    pub weight: usize,
}

impl Fact for Counted {
    const TYPE: &'static str = "piecework.probe.counted.v1";
    const SOURCE: &'static str = "/piecework/probe";

    fn weight(&self) -> usize {
        self.weight
    }
}

/// A fact that no subscriber subscribes to.
#[derive(Debug, Serialize, Deserialize)]
pub struct Unsubscribed {}

impl Fact for Unsubscribed {
    const TYPE: &'static str = "piecework.probe.unsubscribed.v1";
    const SOURCE: &'static str = "/piecework/probe";

    fn weight(&self) -> usize {
        1
    }
}

/// The event with a number. Equal numbers have equal event ids.
pub fn counted(number: i64) -> Event {
    let id = u128::try_from(number).unwrap();
    harness::event(id, &Counted { number, weight: 1 })
}
