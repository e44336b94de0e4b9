//! The invariants of the ledger, checked on the stored data (`modules/DOMAIN.md`,
//! "Invariants of the data").

use chrono::NaiveDate;
use futures_util::TryStreamExt;
use kernel::WritePool;
use kernel::verify::{Finding, Remedy};
use tokio::sync::mpsc;

use crate::domain::{EARNINGS, EarningsSums, LedgerFact};
use crate::error::Error;
use crate::service::Accounting;
use crate::store;

/// Number of facts that wait for the receiver before the reader pauses.
const LEDGER_FACTS_BUFFER: usize = 1_000;

impl Accounting {
    /// Checks the invariants 1, 3, 4 and 5, as far as they need the data of accounting only.
    pub async fn verify(&self) -> Result<Vec<Finding>, Error> {
        let mut connection = self.write.acquire().await?;
        let connection = &mut *connection;
        let mut findings = Vec::new();
        let mut find = |invariant, detail: String| findings.push(Finding::new(invariant, detail, Remedy::Examine));
        let sum = store::load_sum_of_accounts(connection).await?;
        if sum != 0 {
            find(1, format!("the ledger sums to {sum} minor units, not to zero"));
        }
        for person in store::list_unbalanced_wallets(connection).await? {
            find(1, format!("wallet {person} is not the sum of its lines"));
        }
        for transfer in store::list_transfers_with_wrong_balance(connection).await? {
            find(1, format!("transfer {transfer} does not follow from the line before it"));
        }
        for task in store::list_prices_out_of_range(connection).await? {
            find(3, format!("the price of task {task} is outside the range of its policy"));
        }
        for transfer in store::list_transfers_with_wrong_amount(connection).await? {
            find(3, format!("transfer {transfer} is not the price of its task"));
        }
        let (reported, stored) = store::count_wallets_below_zero_reported_and_stored(connection).await?;
        if reported != stored {
            find(1, format!("the reports count {reported} wallets below zero, but there are {stored}"));
        }
        for (person, day) in store::list_wallets_positive_after_close(connection).await? {
            find(4, format!("wallet {person} was above zero after {day} was closed"));
        }
        for (person, day) in store::list_double_payouts(connection).await? {
            find(4, format!("person {person} was paid more than once for {day}"));
        }
        for day in store::list_days_with_wrong_totals(connection).await? {
            find(
                5,
                format!(
                    "the totals of {day} are not those of its transfers, or a transfer was booked into it after its close"
                ),
            );
        }
        let EarningsSums { days_minor, account_minor } =
            store::load_earnings_by_days_and_account(connection, EARNINGS).await?;
        if days_minor != account_minor {
            let detail = format!("the days' earnings sum to {days_minor}, the company's account to {account_minor}");
            find(5, detail);
        }
        Ok(findings)
    }

    /// Number of payouts of each day and a digest of the people paid. Email must have as many
    /// mails.
    pub async fn count_payouts_by_day(&self) -> Result<Vec<(NaiveDate, (i64, String))>, Error> {
        let mut connection = self.write.acquire().await?;
        Ok(store::count_payouts_by_day(&mut connection).await?)
    }

    /// Every task of the ledger in id order, to be compared with the tasks module. The memory it
    /// needs does not grow with the number of tasks.
    #[must_use]
    pub fn stream_ledger_facts(&self) -> mpsc::Receiver<Result<LedgerFact, Error>> {
        let (sender, receiver) = mpsc::channel(LEDGER_FACTS_BUFFER);
        let write = self.write.clone();
        tokio::spawn(async move {
            if let Err(error) = send_ledger_facts(&write, &sender).await {
                // If the receiver was dropped, nothing reads the error.
                let _dropped = sender.send(Err(error)).await;
            }
        });
        receiver
    }
}

async fn send_ledger_facts(write: &WritePool, sender: &mpsc::Sender<Result<LedgerFact, Error>>) -> Result<(), Error> {
    let mut connection = write.acquire().await?;
    let mut facts = store::stream_ledger_facts(&mut connection);
    while let Some(fact) = facts.try_next().await? {
        if sender.send(Ok(fact)).await.is_err() {
            break;
        }
    }
    Ok(())
}
