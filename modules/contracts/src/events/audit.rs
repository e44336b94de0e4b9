//! The fact that every module publishes with an effect that belongs into the audit trail.

use std::collections::BTreeMap;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::Fact;
use crate::audit::Actor;

/// One record of the audit trail: who did what, from where. It contains no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditRecorded {
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// The name of an `AuditAction`. A text, so that a process of the previous version can store
    /// an action that it does not know.
    pub action: String,
    /// Who did it.
    pub actor: Actor,
    /// The address of the client; `None` if no request caused it.
    pub address: Option<IpAddr>,
    /// What it was done to: the id of a person, task, run, transfer, event or mail, or a date.
    pub subject: Option<String>,
    /// What else is known of it, by name.
    pub details: BTreeMap<String, String>,
    /// The id of the request, which is also in the log.
    pub request_id: Option<String>,
}

impl Fact for AuditRecorded {
    const TYPE: &'static str = "piecework.audit.recorded.v1";
    const SOURCE: &'static str = "/piecework/audit";

    fn weight(&self) -> usize {
        1
    }
}
