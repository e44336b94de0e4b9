//! The audit trail: stores the records that all modules publish, and lists them.

use contracts::{EventId, PersonId};
use kernel::http::paging::Limit;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::{AuditFilter, NamedAuditRecord};
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
    ) -> Result<Vec<NamedAuditRecord>, Error> {
        let read = async |connection: &mut PgConnection| {
            let records =
                store::audit_records::list_audit_records(&mut *connection, &filter, before, limit.rows()).await?;
            let ids = records.iter().flat_map(|record| record.actor_id().into_iter().chain(record.subject_id()));
            let ids: Vec<Uuid> = ids.map(PersonId::uuid).collect();
            let names = store::people::list_names(connection, &ids).await?;
            Ok(records.into_iter().map(|record| record.with_names(&names)).collect())
        };
        Ok(self.read.run(read).await?)
    }
}
