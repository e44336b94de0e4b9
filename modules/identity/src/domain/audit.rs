//! The records of the audit trail, and what a list of them may be filtered by.

use std::collections::HashMap;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use contracts::events::audit::AuditRecorded;
use contracts::{Actor, EventId, PersonId};

/// A stored record of the audit trail.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AuditRecord {
    /// The event that carried the record; its order is that of the time.
    pub event_id: EventId,
    /// The record.
    pub recorded: AuditRecorded,
}

/// A stored record with the names of the people in it.
#[derive(Debug)]
pub(crate) struct NamedAuditRecord {
    /// The record.
    pub record: AuditRecord,
    /// The name of the person who did it.
    pub actor_name: Option<String>,
    /// The person to whom it was done, if its subject is one.
    pub subject: Option<(PersonId, String)>,
}

impl AuditRecord {
    /// The person who did it. `None` if it was no person.
    pub const fn actor_id(&self) -> Option<PersonId> {
        match self.recorded.actor {
            Actor::Person { person_id } => Some(person_id),
            _ => None,
        }
    }

    /// The subject as the id of a person, which it is if there is such a person.
    pub fn subject_id(&self) -> Option<PersonId> {
        self.recorded.subject.as_deref()?.parse().ok()
    }

    /// Adds the names. `names` has those of the people whose ids the record contains.
    pub fn with_names(self, names: &HashMap<PersonId, String>) -> NamedAuditRecord {
        let actor_name = self.actor_id().and_then(|id| names.get(&id).cloned());
        let subject = self.subject_id().and_then(|id| Some((id, names.get(&id)?.clone())));
        NamedAuditRecord { record: self, actor_name, subject }
    }
}

/// Which records a list contains. `None` is not filtered by.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuditFilter {
    /// The id of a person, or `command_line`, `anonymous` or `system`.
    pub actor: Option<String>,
    /// The name of an action.
    pub action: Option<String>,
    /// What the action was done to.
    pub subject: Option<String>,
    /// The address of the client.
    pub address: Option<IpAddr>,
    /// The earliest time.
    pub occurred_from: Option<DateTime<Utc>>,
    /// The time before which a record occurred.
    pub occurred_before: Option<DateTime<Utc>>,
}
