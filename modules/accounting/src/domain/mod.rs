//! Rules and types of accounting. Nothing in this folder is async, runs SQL or knows HTTP.

mod booking;
mod day;
mod ledger_fact;
mod policy;
mod posting;
mod price;
mod transfer_kind;
mod wallet;

pub use booking::{Booking, NewTransfer, WalletState, book, top_rewards};
pub use day::{
    BookedPayout, ClosePreview, ClosedDay, Day, DaySeal, DueDays, DueWallet, EarlierBalances, EarningsSums,
    PayoutStatement, PayoutStatementLine, PositiveBalances,
};
pub use ledger_fact::{BookedFact, BookedFactKind, LedgerFact, Withdrawal};
pub use policy::{InvalidSettings, LedgerSettings, Policy};
pub use posting::{BalanceOverflow, EARNINGS, Posting, key_after_withdrawal};
pub use price::{NewPrice, Price, TaskName, draw_price};
pub use transfer_kind::TransferKind;
pub use wallet::{
    DuePayout, PayoutsFilter, Statement, StatementTotals, Transfer, TransfersFilter, Wallet, WalletDaySums,
    WalletsFilter,
};
