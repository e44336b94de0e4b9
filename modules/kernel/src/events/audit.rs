//! Records of the audit trail: who did what, from where. `Tx::audit` publishes one with its effect,
//! and writes it to the log after the commit.

use std::collections::BTreeMap;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use contracts::events::audit::AuditRecorded;
use contracts::{Actor, AuditAction, PersonId};
use tracing::field::{debug, display};

use crate::http::context::RequestContext;
use crate::http::problem::request_id;

/// A record before it is published. The actor, the address and the request are those of the current
/// request context. It must not contain a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    action: AuditAction,
    actor: Actor,
    address: Option<IpAddr>,
    subject: Option<String>,
    details: BTreeMap<String, String>,
    request_id: Option<String>,
}

impl Audit {
    /// A record of an action that is performed now.
    #[must_use]
    pub fn new(action: AuditAction) -> Self {
        let context = RequestContext::current();
        Self {
            action,
            actor: context.as_ref().map_or(Actor::System, |context| context.actor()),
            address: context.and_then(|context| context.address()),
            subject: None,
            details: BTreeMap::new(),
            request_id: Some(request_id()).filter(|id| !id.is_empty()),
        }
    }

    /// What the action is done to.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "most values are ids and numbers, which are copied")]
    pub fn of(mut self, subject: impl ToString) -> Self {
        self.subject = Some(subject.to_string());
        self
    }

    /// Another fact about the action.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "most values are ids and numbers, which are copied")]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.details.insert(name.to_owned(), value.to_string());
        self
    }

    /// The actor is this person, who is not logged in yet.
    #[must_use]
    pub fn by(mut self, person_id: PersonId) -> Self {
        self.actor = Actor::Person { person_id };
        self
    }

    /// The fact to publish.
    #[must_use]
    pub fn at(self, occurred_at: DateTime<Utc>) -> AuditRecorded {
        let Self { action, actor, address, subject, details, request_id } = self;
        AuditRecorded { occurred_at, action: action.as_str().to_owned(), actor, address, subject, details, request_id }
    }
}

/// Writes a committed record to the log, so that it also exists outside the database. Addresses of
/// people are left out.
pub(crate) fn log(record: &AuditRecorded) {
    let AuditRecorded { action, actor, address, subject, details, request_id, .. } = record;
    let actor = match actor {
        Actor::Person { person_id } => person_id.to_string(),
        Actor::CommandLine { user } => format!("command_line:{user}"),
        Actor::Anonymous => "anonymous".to_owned(),
        Actor::System => "system".to_owned(),
    };
    let has_addresses = *action == AuditAction::AddressChanged.as_str();
    let details = (!has_addresses && !details.is_empty()).then(|| debug(details));
    let client_address = address.map(display);
    tracing::info!(target: "audit", action, actor, client_address, subject, details, request_id, "recorded in the audit trail");
}
