//! Stores the records of the audit trail that all modules publish, this one included.

use contracts::events::audit::AuditRecorded;
use contracts::{Event, Fact};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kernel::Tx;
use kernel::events::inbox::{ApplyError, Subscriber};

use crate::domain::AuditRecord;
use crate::store;

/// The types of the events that this module subscribes to.
pub const EVENT_TYPES: &[&str] = &[AuditRecorded::TYPE];

/// The module's subscriber on the bus.
pub(crate) struct IdentitySubscriber;

impl Subscriber for IdentitySubscriber {
    fn name(&self) -> &'static str {
        "identity"
    }

    fn event_types(&self) -> &'static [&'static str] {
        EVENT_TYPES
    }

    fn apply<'a>(&'a self, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), ApplyError>> {
        apply_batch(tx, events).boxed()
    }
}

async fn apply_batch(tx: &mut Tx, events: &[Event]) -> Result<(), ApplyError> {
    let mut records = Vec::with_capacity(events.len());
    for event in events.iter().filter(|event| event.kind == AuditRecorded::TYPE) {
        records.push(AuditRecord { event_id: event.id, recorded: event.fact()? });
    }
    Ok(store::audit_records::insert_audit_records(tx, &records).await?)
}
