//! The envelope every event travels in: CloudEvents 1.0 attributes around a typed fact.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::EventId;

/// What an event says: past tense, ids and values, frozen once published.
pub trait Fact: Serialize + DeserializeOwned {
    /// The CloudEvents `type`, such as `piecework.tasks.assigned.v1`.
    const TYPE: &'static str;
    /// The CloudEvents `source`: the module that says it, such as `/piecework/tasks`.
    const SOURCE: &'static str;

    /// How many single facts it carries: bulk work travels in bulk, and batches are cut by this.
    fn weight(&self) -> usize;
}

/// One event, as it lies in an outbox and as it goes over the bus.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    pub specversion: String,
    /// UUIDv7; a redelivery has the same.
    pub id: EventId,
    pub source: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// When the fact happened.
    pub time: DateTime<Utc>,
    /// What it is about, where that is one thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// W3C trace context of the request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    pub datacontenttype: String,
    pub data: Box<RawValue>,
}

/// The payload is not of the shape its type promises.
#[derive(Debug, thiserror::Error)]
#[error("event {id} of type {kind} cannot be read: {reason}")]
pub struct UnreadableFact {
    pub id: EventId,
    pub kind: String,
    pub reason: String,
}

impl Event {
    /// Wraps a fact. Fails only if the fact cannot be written as JSON.
    pub fn new<F: Fact>(
        id: EventId,
        time: DateTime<Utc>,
        subject: Option<String>,
        fact: &F,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self::wrap::<F>(id, time, subject, serde_json::value::to_raw_value(fact)?))
    }

    /// An event as text, up to its fact: with the fact as JSON and a closing brace after it, it is whole.
    pub fn head<F: Fact>(id: EventId, time: DateTime<Utc>) -> Result<String, serde_json::Error> {
        let without_fact = Self::wrap::<F>(id, time, None, RawValue::NULL.to_owned());
        let mut text = serde_json::to_string(&without_fact)?;
        text.truncate(text.len() - "null}".len());
        Ok(text)
    }

    fn wrap<F: Fact>(id: EventId, time: DateTime<Utc>, subject: Option<String>, data: Box<RawValue>) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id,
            source: F::SOURCE.to_owned(),
            kind: F::TYPE.to_owned(),
            time,
            subject,
            traceparent: None,
            datacontenttype: "application/json".to_owned(),
            data,
        }
    }

    /// The fact inside; unknown fields are ignored.
    pub fn fact<F: Fact>(&self) -> Result<F, UnreadableFact> {
        serde_json::from_str(self.data.get()).map_err(|error| UnreadableFact {
            id: self.id,
            kind: self.kind.clone(),
            reason: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Id;
    use crate::events::tasks::TasksCompleted;

    #[test]
    fn a_head_with_a_fact_and_a_brace_is_the_event() {
        let (id, time) = (Id::from(uuid::Uuid::from_u128(7)), DateTime::UNIX_EPOCH);
        let fact = TasksCompleted { completions: Vec::new() };
        let whole = serde_json::to_string(&Event::new(id, time, None, &fact).unwrap()).unwrap();
        let head = Event::head::<TasksCompleted>(id, time).unwrap();
        assert_eq!(format!("{head}{}}}", serde_json::to_string(&fact).unwrap()), whole);
    }
}
