//! The invariants of the ledger as questions to the live data (DOMAIN, 'What must hold').

use chrono::NaiveDate;
use contracts::{PersonId, TaskId};
use futures_util::TryStreamExt;
use kernel::WritePool;
use kernel::verify::Finding;
use tokio::sync::mpsc;

use crate::domain::EARNINGS;
use crate::error::Error;
use crate::service::Accounting;
use crate::store;

/// What the ledger says of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerFact {
    pub task_id: TaskId,
    pub fees: i64,
    pub rewards: i64,
    /// Who got the reward.
    pub rewarded: Option<PersonId>,
    /// A digest of who was charged for which assignment; `None` without any.
    pub charged: Option<String>,
}

impl Accounting {
    /// Invariants 1, 3, 4 and 5, as far as accounting alone can tell.
    pub async fn verify(&self) -> Result<Vec<Finding>, Error> {
        let mut connection = self.write.acquire().await?;
        let connection = &mut *connection;
        let mut findings = Vec::new();
        let mut find = |invariant, detail: String| findings.push(Finding::new(invariant, detail));
        let sum = store::sum_all_accounts(connection).await?;
        if sum != 0 {
            find(1, format!("the ledger sums to {sum} minor units, not to zero"));
        }
        for person in store::find_unbalanced_wallets(connection).await? {
            find(1, format!("wallet {person} is not the sum of its lines"));
        }
        for transfer in store::find_broken_lines(connection).await? {
            find(1, format!("transfer {transfer} does not follow from the line before it"));
        }
        for task in store::find_prices_out_of_range(connection).await? {
            find(3, format!("the price of task {task} is outside the range of its policy"));
        }
        for transfer in store::find_lines_apart_from_their_price(connection).await? {
            find(3, format!("transfer {transfer} is not the price of its task"));
        }
        let (reported, counted) = store::count_below_zero_twice(connection).await?;
        if reported != counted {
            find(1, format!("{reported} wallets are reported to be below zero, and {counted} are"));
        }
        for (person, day) in store::find_positive_at_close(connection).await? {
            find(4, format!("wallet {person} was above zero when {day} had closed"));
        }
        for (person, day) in store::find_double_payouts(connection).await? {
            find(4, format!("person {person} was paid more than once for {day}"));
        }
        for day in store::find_days_apart_from_their_lines(connection).await? {
            find(
                5,
                format!("the totals of {day} are not those of its transfers, or it was booked into after its close"),
            );
        }
        let (days_minor, account_minor) = store::load_company_account(connection, EARNINGS).await?;
        if days_minor != account_minor {
            let detail = format!("the days' earnings come to {days_minor}, the company's account to {account_minor}");
            find(5, detail);
        }
        Ok(findings)
    }

    /// How many were paid on each day, and a digest of who: they get as many mails.
    pub async fn count_payouts_by_day(&self) -> Result<Vec<(NaiveDate, (i64, String))>, Error> {
        let mut connection = self.write.acquire().await?;
        Ok(store::count_payouts_by_day(&mut connection).await?)
    }

    /// Every task the ledger knows in id order, to be held against the tasks; read as a stream, whatever their number.
    #[must_use]
    pub fn stream_ledger_facts(&self) -> mpsc::Receiver<Result<LedgerFact, Error>> {
        let (sender, receiver) = mpsc::channel(1_000);
        let write = self.write.clone();
        tokio::spawn(async move {
            if let Err(error) = send_ledger_facts(&write, &sender).await {
                // Whoever asked may be gone, and then nobody wants to know.
                let _gone = sender.send(Err(error)).await;
            }
        });
        receiver
    }
}

async fn send_ledger_facts(write: &WritePool, sender: &mpsc::Sender<Result<LedgerFact, Error>>) -> Result<(), Error> {
    let mut connection = write.acquire().await?;
    let mut rows = store::stream_ledger_facts(&mut connection);
    while let Some(row) = rows.try_next().await? {
        let fact = LedgerFact {
            task_id: row.task_id.into(),
            fees: row.fees,
            rewards: row.rewards,
            rewarded: row.rewarded.map(PersonId::from),
            charged: row.charged,
        };
        if sender.send(Ok(fact)).await.is_err() {
            break;
        }
    }
    Ok(())
}
