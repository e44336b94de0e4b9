//! What can go wrong in accounting, and how the gateway says it.

use chrono::NaiveDate;
use kernel::Problem;
use kernel::inbox::ApplyError;

use crate::domain::BalanceOverflow;
use crate::settings::InvalidSettings;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Settings(#[from] InvalidSettings),
    /// The books are kept in one currency for good (DOMAIN A1).
    #[error("the books are kept in {kept}, the setting accounting.currency says {configured}: it cannot be changed")]
    CurrencyChanged { kept: String, configured: String },
    /// A command must not end days at another hour than the server does.
    #[error(
        "the books' days end in {kept}, the setting accounting.time_zone says {configured}; only `serve` changes it"
    )]
    TimeZoneDiffers { kept: String, configured: String },
    #[error("there is no such wallet")]
    WalletNotFound,
    #[error("there is no such transfer")]
    TransferNotFound,
    #[error("only fees and rewards can be reversed")]
    NotReversible,
    #[error("the transfer is already reversed")]
    AlreadyReversed,
    #[error("there is no business day {0} in the books")]
    DayNotFound(NaiveDate),
    #[error("the business day {0} is already closed")]
    DayAlreadyClosed(NaiveDate),
    #[error("the business day {0} has not begun")]
    DayNotBegun(NaiveDate),
    #[error(
        "the open day is {open_day} and the clock says {today}: if that is right, close the days up to one by naming it"
    )]
    TooManyDueDays { open_day: NaiveDate, today: NaiveDate },
    #[error(transparent)]
    Overflow(#[from] BalanceOverflow),
    /// Another transaction set the price at the same moment; the next try will see it.
    #[error("the price was set at the same moment")]
    Collided,
    #[error("one of these is booked already")]
    AlreadyBooked,
    #[error("accounting has not been set up in this database yet")]
    NotPrepared,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::WalletNotFound => Self::new(404, "accounting.wallet_not_found", text),
            Error::TransferNotFound => Self::new(404, "accounting.transfer_not_found", text),
            Error::DayNotFound(_) => Self::new(404, "accounting.day_not_found", text),
            Error::NotReversible => Self::new(409, "accounting.not_reversible", text),
            Error::AlreadyReversed => Self::new(409, "accounting.already_reversed", text),
            Error::DayAlreadyClosed(_) => Self::new(409, "accounting.day_already_closed", text),
            Error::DayNotBegun(_) => Self::new(422, "accounting.day_not_begun", text),
            Error::Overflow(_) => Self::new(422, "accounting.balance_overflow", text),
            Error::Collided | Error::AlreadyBooked => Self::unavailable("accounting.collided", text),
            Error::NotPrepared => Self::unavailable("accounting.not_prepared", text),
            Error::TooManyDueDays { .. } => Self::new(409, "accounting.too_many_due_days", text),
            Error::Settings(_) | Error::CurrencyChanged { .. } | Error::TimeZoneDiffers { .. } => Self::internal(&text),
            Error::Database(error) => error.into(),
        }
    }
}

impl From<Error> for ApplyError {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error) => Self::Database(error),
            error => Self::Retry(error.to_string()),
        }
    }
}
