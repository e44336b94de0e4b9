//! The records of the audit trail, and what a list of them may be filtered by.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use contracts::EventId;
use contracts::events::audit::AuditRecorded;

/// A stored record of the audit trail.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AuditRecord {
    /// The event that carried the record; its order is that of the time.
    pub event_id: EventId,
    /// The record.
    pub recorded: AuditRecorded,
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
