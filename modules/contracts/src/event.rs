//! The envelope of every event: CloudEvents 1.0 attributes and a typed fact.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::EventId;

/// The payload of an event: what has happened, as ids and values. Its JSON never changes after the
/// version is published.
pub trait Fact: Serialize + DeserializeOwned {
    /// The CloudEvents `type`, such as `piecework.tasks.assigned.v1`.
    const TYPE: &'static str;
    /// The CloudEvents `source`: the module that publishes it, such as `/piecework/tasks`.
    const SOURCE: &'static str;

    /// Number of facts in this event. The relay limits a batch of events by the sum.
    fn weight(&self) -> usize;
}

/// One event, as the outbox stores it and as the bus delivers it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// The version of CloudEvents: `1.0`.
    pub specversion: String,
    /// A UUIDv7. A redelivered event has the same id.
    pub id: EventId,
    /// The module that publishes the event.
    pub source: String,
    /// The type and version of the fact.
    #[serde(rename = "type")]
    pub kind: String,
    /// When the fact happened.
    pub time: DateTime<Utc>,
    /// The W3C trace context of the request that caused the event; `None` for an event that no
    /// request caused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The trace contexts of further requests that caused the event, separated by commas: a batch
    /// of commands publishes one event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparents: Option<String>,
    /// The media type of `data`: `application/json`.
    pub datacontenttype: String,
    /// The fact, as JSON.
    pub data: Box<RawValue>,
}

/// The requests that caused an event, as the event names them.
#[derive(Debug, Clone, Default)]
pub struct Causes {
    /// The attribute `traceparent`.
    pub traceparent: Option<String>,
    /// The attribute `traceparents`.
    pub traceparents: Option<String>,
}

/// The JSON of an event does not have the shape of its fact type.
#[derive(Debug, thiserror::Error)]
#[error("event {id} of type {kind} cannot be read: {reason}")]
pub struct UnreadableFact {
    /// The event.
    pub id: EventId,
    /// The type of the event.
    pub kind: String,
    /// What is wrong with the JSON.
    pub reason: String,
}

impl Event {
    /// Puts a fact into an envelope without a trace context.
    ///
    /// # Errors
    /// The fact cannot be written as JSON.
    pub fn new<F: Fact>(id: EventId, time: DateTime<Utc>, fact: &F) -> Result<Self, serde_json::Error> {
        Ok(Self::wrap::<F>(id, time, Causes::default(), serde_json::value::to_raw_value(fact)?))
    }

    /// The same event, caused by these requests.
    #[must_use]
    pub fn caused_by(self, causes: Causes) -> Self {
        let Causes { traceparent, traceparents } = causes;
        Self { traceparent, traceparents, ..self }
    }

    /// The text of an event before its fact. The head, the fact as JSON and a closing brace are the
    /// complete event.
    ///
    /// # Errors
    /// None in practice: an envelope can always be written as JSON.
    pub fn head<F: Fact>(id: EventId, time: DateTime<Utc>, causes: Causes) -> Result<String, serde_json::Error> {
        let without_fact = Self::wrap::<F>(id, time, causes, RawValue::NULL.to_owned());
        let mut text = serde_json::to_string(&without_fact)?;
        text.truncate(text.len() - "null}".len());
        Ok(text)
    }

    fn wrap<F: Fact>(id: EventId, time: DateTime<Utc>, causes: Causes, data: Box<RawValue>) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id,
            source: F::SOURCE.to_owned(),
            kind: F::TYPE.to_owned(),
            time,
            traceparent: causes.traceparent,
            traceparents: causes.traceparents,
            datacontenttype: "application/json".to_owned(),
            data,
        }
    }

    /// The fact of the event. Unknown fields are ignored.
    pub fn fact<F: Fact>(&self) -> Result<F, UnreadableFact> {
        serde_json::from_str(self.data.get()).map_err(|error| self.unreadable(error.to_string()))
    }

    /// The fact of the event, if its JSON has all fields of `F`, also the optional ones, and no
    /// others. The error names each field that is missing or unknown. Tests check JSON with it that
    /// SQL composes.
    pub fn exact_fact<F: Fact>(&self) -> Result<F, UnreadableFact> {
        let fact = self.fact::<F>()?;
        let unreadable = |error: serde_json::Error| self.unreadable(error.to_string());
        let actual: Value = serde_json::from_str(self.data.get()).map_err(unreadable)?;
        let expected = serde_json::to_value(&fact).map_err(unreadable)?;
        let mut differences = Vec::new();
        compare_fields("", &expected, &actual, &mut differences);
        if differences.is_empty() { Ok(fact) } else { Err(self.unreadable(differences.join(", "))) }
    }

    fn unreadable(&self, reason: String) -> UnreadableFact {
        UnreadableFact { id: self.id, kind: self.kind.clone(), reason }
    }
}

/// Notes each field that is in only one of the two values, by its path.
fn compare_fields(path: &str, expected: &Value, actual: &Value, differences: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            for (name, expected) in expected {
                match actual.get(name) {
                    Some(actual) => compare_fields(&format!("{path}/{name}"), expected, actual, differences),
                    None => differences.push(format!("missing field `{path}/{name}`")),
                }
            }
            let unknown = actual.keys().filter(|name| !expected.contains_key(*name));
            differences.extend(unknown.map(|name| format!("unknown field `{path}/{name}`")));
        }
        (Value::Array(expected), Value::Array(actual)) => {
            for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                compare_fields(&format!("{path}/{index}"), expected, actual, differences);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Id;
    use crate::events::tasks::TasksCompleted;

    #[test]
    fn a_head_with_a_fact_and_a_brace_is_the_complete_event() {
        let (id, time) = (Id::from(uuid::Uuid::from_u128(7)), DateTime::UNIX_EPOCH);
        let fact = TasksCompleted { completions: Vec::new() };
        let trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
        let caused = Causes { traceparent: trace.clone(), traceparents: trace };
        for causes in [Causes::default(), caused] {
            let event = Event::new(id, time, &fact).unwrap().caused_by(causes.clone());
            let head = Event::head::<TasksCompleted>(id, time, causes).unwrap();
            let complete = serde_json::to_string(&event).unwrap();
            assert_eq!(format!("{head}{}}}", serde_json::to_string(&fact).unwrap()), complete);
        }
    }

    #[test]
    fn an_exact_fact_has_every_field_and_no_other_and_the_error_names_the_difference() {
        let completion = |fields: &str| {
            let data = format!(
                r#"{{"completions": [{{
                    "task_id": "00000000-0000-0000-0000-000000000002",
                    "title": "Fix the door",
                    "completed_by": "00000000-0000-0000-0000-000000000003",
                    "completed_at": "2026-11-22T09:30:00Z"{fields}
                }}]}}"#
            );
            let id = Id::from(uuid::Uuid::from_u128(7));
            Event::wrap::<TasksCompleted>(
                id,
                DateTime::UNIX_EPOCH,
                Causes::default(),
                RawValue::from_string(data).unwrap(),
            )
        };
        let exact = |fields: &str| completion(fields).exact_fact::<TasksCompleted>().map_err(|error| error.reason);
        assert!(exact(r#", "reference": null"#).is_ok());
        assert_eq!(exact("").unwrap_err(), "missing field `/completions/0/reference`");
        let unknown = r#", "reference": "POP-42", "referenze": 1"#;
        assert_eq!(exact(unknown).unwrap_err(), "unknown field `/completions/0/referenze`");
        assert!(completion("").fact::<TasksCompleted>().is_ok(), "a subscriber does not need every field");
    }
}
