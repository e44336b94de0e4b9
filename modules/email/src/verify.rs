//! What `verify` compares with the payouts of accounting (DOMAIN, invariant 4).

use chrono::NaiveDate;
use kernel::verify::Scope;

use crate::{Email, Error, store};

impl Email {
    /// For each business day of the scope: the number of its payout statements in any state, and a
    /// digest of the ids of their recipients.
    ///
    /// # Errors
    /// The database fails.
    pub async fn count_statements_by_day(&self, scope: Scope) -> Result<Vec<(NaiveDate, (i64, String))>, Error> {
        let mut connection = self.inner.read.begin_verification(scope.server).await?;
        Ok(store::count_statements_by_day(&mut connection, scope.first_date).await?)
    }
}
