//! What `verify` compares with the payouts of accounting (DOMAIN, invariant 4).

use chrono::NaiveDate;

use crate::{Email, Error, store};

impl Email {
    /// For each business day: the number of its payout statements in any state, and a digest of
    /// the ids of their recipients.
    ///
    /// # Errors
    /// The database fails.
    pub async fn count_statements_by_day(&self) -> Result<Vec<(NaiveDate, (i64, String))>, Error> {
        let mut connection = self.inner.write.acquire().await?;
        Ok(store::count_statements_by_day(&mut connection).await?)
    }
}
