//! The errors of accounting, and the answers of the API to them.

use chrono::NaiveDate;
use kernel::events::inbox::ApplyError;
use kernel::http::problem::ProblemCode;
use kernel::module::StartupError;
use kernel::{DbError, Problem};

use crate::domain::{BalanceOverflow, InvalidSettings};

/// Why accounting refused or could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Settings(#[from] InvalidSettings),
    /// The first start fixes the currency of the ledger (DOMAIN A1).
    #[error(
        "the ledger's currency is {stored} and cannot be changed, but the setting accounting.currency is {configured}"
    )]
    CurrencyChanged { stored: String, configured: String },
    /// A command must not end days at another hour than the server does.
    #[error(
        "business days end in the time zone {stored}, but the setting accounting.time_zone is {configured}; \
         only `serve` changes the time zone"
    )]
    TimeZoneDiffers { stored: String, configured: String },
    #[error("there is no such wallet")]
    WalletNotFound,
    #[error("there is no such transfer")]
    TransferNotFound,
    #[error("only fees and rewards can be reversed")]
    NotReversible,
    #[error("the transfer is already reversed")]
    AlreadyReversed,
    #[error("there is no business day {0}")]
    DayNotFound(NaiveDate),
    #[error("the business day {0} is already closed")]
    DayAlreadyClosed(NaiveDate),
    /// The clock was ahead when later days were closed.
    #[error(
        "the business day {day} is already closed, and the open day {open_day} lies in the future: today is {today}. \
         To pay people before it is over, close {open_day} by its date"
    )]
    OpenDayAhead { day: NaiveDate, open_day: NaiveDate, today: NaiveDate },
    #[error("the business day {0} has not begun")]
    DayNotBegun(NaiveDate),
    #[error(
        "the open day is {open_day} and the clock shows {today}: too many days are due to be closed automatically. \
         If the clock is right, close the days up to a named date"
    )]
    TooManyDueDays { open_day: NaiveDate, today: NaiveDate },
    #[error(transparent)]
    Overflow(#[from] BalanceOverflow),
    /// The next attempt reads the price that the other transaction stored.
    #[error("another transaction set the price at the same time")]
    KeyCollision,
    #[error("one of the postings is already booked")]
    AlreadyBooked,
    #[error("accounting is not set up in this database yet")]
    NotPrepared,
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

#[rustfmt::skip]
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::WalletNotFound         => Self::new(404, "accounting.wallet_not_found",   detail),
            Error::TransferNotFound       => Self::new(404, "accounting.transfer_not_found", detail),
            Error::DayNotFound(_)         => Self::new(404, "accounting.day_not_found",      detail),
            Error::NotReversible          => Self::new(409, "accounting.not_reversible",     detail),
            Error::AlreadyReversed        => Self::new(409, "accounting.already_reversed",   detail),
            Error::DayAlreadyClosed(_)    => Self::new(409, "accounting.day_already_closed", detail),
            Error::OpenDayAhead { .. }    => Self::new(409, "accounting.day_already_closed", detail),
            Error::TooManyDueDays { .. }  => Self::new(409, "accounting.too_many_due_days",  detail),
            Error::DayNotBegun(_)         => Self::new(422, "accounting.day_not_begun",      detail),
            Error::Overflow(_)            => Self::new(422, "accounting.balance_overflow",   detail),
            Error::KeyCollision           => Self::unavailable("accounting.collided", detail),
            Error::AlreadyBooked          => Self::unavailable("accounting.collided", detail),
            Error::NotPrepared            => Self::unavailable("accounting.not_prepared", detail),
            Error::Settings(_)            => Self::internal(&detail),
            Error::CurrencyChanged { .. } => Self::internal(&detail),
            Error::TimeZoneDiffers { .. } => Self::internal(&detail),
            Error::Database(error)        => error.into(),
        }
    }
}

/// The codes of the table above, with their meaning and their remedy.
pub const PROBLEM_CODES: &[ProblemCode] = &[
    ProblemCode::new(
        404,
        "accounting.wallet_not_found",
        "The person has no wallet, or accounting has not received the person yet.",
        "Check the id. The wallet of a new person exists after a moment.",
    ),
    ProblemCode::new(
        404,
        "accounting.transfer_not_found",
        "No transfer has this id.",
        "Check the id; the transfers of a wallet contain it.",
    ),
    ProblemCode::new(
        404,
        "accounting.day_not_found",
        "There is no such business day.",
        "Check the date; `GET /days` lists the days.",
    ),
    ProblemCode::new(
        409,
        "accounting.not_reversible",
        "The transfer is neither a fee nor a reward, so it cannot be reversed.",
        "Reverse only fees and rewards.",
    ),
    ProblemCode::new(
        409,
        "accounting.already_reversed",
        "The transfer is reversed already.",
        "Nothing is left to do; the transfers of the wallet contain the correction.",
    ),
    ProblemCode::new(
        409,
        "accounting.day_already_closed",
        "The business day is closed already.",
        "Nothing is left to do; `GET /days/{date}` shows the day.",
    ),
    ProblemCode::new(
        409,
        "accounting.too_many_due_days",
        "More days are due to be closed than are closed automatically, so the clock may be wrong.",
        "Check the clock of the server. If it is right, close the days up to a named date with `piecework close-day`.",
    ),
    ProblemCode::new(
        422,
        "accounting.day_not_begun",
        "The business day has not begun.",
        "Close the open day, which `GET /days` shows, or an earlier one.",
    ),
    ProblemCode::new(
        422,
        "accounting.balance_overflow",
        "The booking would make a balance larger than the ledger can store.",
        "Book a smaller amount.",
    ),
    ProblemCode::new(
        503,
        "accounting.collided",
        "Another transaction booked the same at the same time.",
        "Send the request again after the time in `Retry-After`.",
    ),
    ProblemCode::new(
        503,
        "accounting.not_prepared",
        "Accounting is not set up in its database yet.",
        "Wait until a process that hosts accounting has started, then send the request again.",
    ),
];

impl From<Error> for ApplyError {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error) => Self::Database(error),
            error => Self::Retry(error.to_string()),
        }
    }
}

impl From<Error> for StartupError {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error) => Self::Database(error),
            error => Self::Failed(error.to_string()),
        }
    }
}
