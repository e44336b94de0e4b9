//! The replay: every price and every payout is published again.

use chrono::NaiveDate;
use contracts::events::accounting::{TaskPrice, TasksPriced};
use kernel::DbError;
use kernel::events::replay::Replay;
use uuid::Uuid;

use crate::close::load_statements;
use crate::domain::{BookedPayout, DueWallet};
use crate::price::PRICES_PER_EVENT;
use crate::service::Accounting;
use crate::store;

/// Number of prices that are read at a time.
const PRICES_PER_STEP: i64 = PRICES_PER_EVENT as i64;
/// Number of payouts that are read at a time, each with its statement.
const PAYOUTS_PER_STEP: i64 = 500;

impl Accounting {
    /// Publishes every fact that the replay covers.
    pub(crate) async fn replay(&self, replay: &Replay) -> Result<(), DbError> {
        self.replay_prices(replay).await?;
        self.replay_payouts(replay).await
    }

    async fn replay_prices(&self, replay: &Replay) -> Result<(), DbError> {
        let mut after = Uuid::nil();
        loop {
            let mut connection = self.write.acquire().await?;
            let page = store::list_all_prices(&mut connection, after, PRICES_PER_STEP).await?;
            drop(connection);
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = last.task_id.uuid();
            let covered = page.into_iter().filter(|(_, priced_at)| replay.covers(*priced_at));
            let prices: Vec<TaskPrice> = covered.map(|(price, _)| price).collect();
            replay.publish_again(&self.write, &[TasksPriced { currency: self.policy.currency, prices }]).await?;
        }
    }

    /// A mail that a payout has caused is not caused again: a person has one statement a day.
    async fn replay_payouts(&self, replay: &Replay) -> Result<(), DbError> {
        let mut after = (NaiveDate::default(), Uuid::nil());
        loop {
            let mut tx = self.write.begin().await?;
            let page = store::list_booked_payouts(&mut tx, after, PAYOUTS_PER_STEP).await?;
            let Some(last) = page.last() else { return tx.rollback().await };
            after = (last.business_day, last.person_id.uuid());
            let covered: Vec<BookedPayout> =
                page.into_iter().filter(|payout| replay.covers(payout.booked_at)).collect();
            let mut events = Vec::new();
            for payouts in covered.chunk_by(|one, next| one.business_day == next.business_day) {
                let Some(first) = payouts.first() else { continue };
                let due: Vec<DueWallet> = payouts.iter().map(DueWallet::from).collect();
                let ids: Vec<_> = payouts.iter().map(|payout| payout.transfer_id).collect();
                let statements = load_statements(&mut tx, first.business_day, &due).await?;
                events.extend(self.payout_events(first.business_day, &due, &ids, statements));
            }
            tx.rollback().await?;
            replay.publish_again(&self.write, &events).await?;
        }
    }
}
