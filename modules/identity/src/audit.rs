//! The audit trail: stores the records that all modules publish, and lists them.

use contracts::EventId;
use kernel::http::paging::Limit;

use crate::domain::{AuditFilter, AuditRecord};
use crate::error::Error;
use crate::service::Identity;
use crate::store;

impl Identity {
    /// The records that match the filter, the newest first: `limit.rows()` rows.
    pub(crate) async fn list_audit_records(
        &self,
        filter: AuditFilter,
        before: Option<EventId>,
        limit: Limit,
    ) -> Result<Vec<AuditRecord>, Error> {
        let read = async |connection: &mut _| {
            store::audit_records::list_audit_records(connection, &filter, before, limit.rows()).await
        };
        Ok(self.read.run(read).await?)
    }
}
