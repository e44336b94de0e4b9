//! The figures and the pure rules: which days a request is about, and which task is the most
//! expensive.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use contracts::{PersonId, TaskId};
use kernel::{DateRange, Fault, FieldCode, FieldError};

use crate::error::Error;

/// The years that a request may name.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2200;

/// A stretch of the calendar around a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Period {
    Day,
    /// The ISO week, Monday to Sunday.
    Week,
    /// The calendar month.
    Month,
}

/// The days that a request for the most expensive tasks is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RequestedDays {
    /// These days.
    Range(DateRange),
    /// The period that the date is in; `None` for the open business day.
    Around { period: Period, date: Option<NaiveDate> },
}

/// A completed task as accounting knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompletedTask {
    /// The calendar day of the completion in the business time zone.
    pub completed_on: NaiveDate,
    /// The task's id.
    pub task_id: TaskId,
    /// The task's title.
    pub title: String,
    /// The task's ticket reference.
    pub reference: Option<String>,
    /// The credited reward, in minor units.
    pub reward_minor: i64,
    /// When the task was completed.
    pub completed_at: DateTime<Utc>,
    /// The person who completed the task.
    pub completed_by: PersonId,
}

/// The open business day. After the first startup of accounting there is exactly one.
pub(crate) struct OpenDay {
    /// The day.
    pub business_day: NaiveDate,
    /// The earnings of the day so far, in minor units.
    pub earned_minor: i64,
}

/// The company's earnings of one business day (DOMAIN A6), in minor units.
pub(crate) struct DayEarnings {
    /// The day.
    pub business_day: NaiveDate,
    /// Whether the day is closed.
    pub is_closed: bool,
    /// fees − rewards − reversed fees + reversed rewards.
    pub earned_minor: i64,
    /// Fees charged.
    pub fees_minor: i64,
    /// Rewards credited.
    pub rewards_minor: i64,
    /// Fees that were reversed on this day.
    pub reversed_fees_minor: i64,
    /// Rewards that were reversed on this day.
    pub reversed_rewards_minor: i64,
}

/// Number of wallets below zero on one business day.
pub(crate) struct DayWallets {
    /// The day.
    pub business_day: NaiveDate,
    /// Whether the day is closed.
    pub is_closed: bool,
    /// The number at the end of a closed day; the number now of the open day.
    pub wallets: i64,
}

/// A range of days. Refuses dates outside the years that a request may name, a range that ends
/// before it begins, and a range of more than ten years.
pub(crate) fn date_range(from: NaiveDate, to: NaiveDate) -> Result<DateRange, Error> {
    let errors: Vec<FieldError> = [("?from", from), ("?to", to)]
        .into_iter()
        .filter(|(_, date)| !YEARS.contains(&date.year()))
        .map(|(pointer, _)| FieldError::new(pointer, out_of_years()))
        .collect();
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    DateRange::new(from, to).map_err(|error| Error::Invalid(vec![error]))
}

/// The range of two dates, which are sent together or not at all.
pub(crate) fn optional_range(from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<Option<DateRange>, Error> {
    let both = DateRange::both(from, to).map_err(|error| Error::Invalid(vec![error]))?;
    both.map(|(from, to)| date_range(from, to)).transpose()
}

impl RequestedDays {
    /// The days, if the open business day is `today`.
    pub(crate) fn range(self, today: NaiveDate) -> Result<DateRange, Error> {
        match self {
            Self::Range(range) => Ok(range),
            Self::Around { period, date } => period.range_around(date.unwrap_or(today)),
        }
    }
}

impl Period {
    /// The day, ISO week or calendar month that `date` is in.
    pub(crate) fn range_around(self, date: NaiveDate) -> Result<DateRange, Error> {
        if !YEARS.contains(&date.year()) {
            return Err(Error::invalid("?date", out_of_years()));
        }
        let range = match self {
            Self::Day => Some((date, date)),
            Self::Week => {
                let monday = date.checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday())));
                monday.and_then(|monday| Some((monday, monday.checked_add_days(Days::new(6))?)))
            }
            Self::Month => date
                .with_day(1)
                .and_then(|first| Some((first, first.checked_add_months(chrono::Months::new(1))?.pred_opt()?))),
        };
        let (from, to) = range.ok_or_else(|| Error::invalid("?date", out_of_years()))?;
        DateRange::new(from, to).map_err(|error| Error::Invalid(vec![error]))
    }
}

fn out_of_years() -> Fault {
    let detail = format!("a date is in the years {} to {}", YEARS.start(), YEARS.end());
    Fault::new(FieldCode::Years, detail).with("min", *YEARS.start()).with("max", *YEARS.end())
}

/// The task with the highest reward. Among equals it is the one that was completed first
/// (DOMAIN N3).
pub(crate) fn most_expensive(tasks: &[CompletedTask]) -> Option<&CompletedTask> {
    tasks.iter().min_by_key(|task| (std::cmp::Reverse(task.reward_minor), task.completed_at, task.task_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn around(period: Period, day: &str) -> (String, String) {
        let range = period.range_around(date(day)).unwrap();
        (range.from().to_string(), range.to().to_string())
    }

    fn pair(from: &str, to: &str) -> (String, String) {
        (from.to_owned(), to.to_owned())
    }

    #[test]
    fn n3_a_day_is_a_range_of_one_day() {
        assert_eq!(around(Period::Day, "2026-11-21"), pair("2026-11-21", "2026-11-21"));
    }

    #[test]
    fn n3_a_week_is_the_iso_week_across_the_new_year() {
        for day in ["2026-12-28", "2026-12-31", "2027-01-01", "2027-01-03"] {
            assert_eq!(around(Period::Week, day), pair("2026-12-28", "2027-01-03"), "{day}");
        }
        assert_eq!(around(Period::Week, "2027-01-04"), pair("2027-01-04", "2027-01-10"));
        assert_eq!(around(Period::Week, "2024-02-29"), pair("2024-02-26", "2024-03-03"));
    }

    #[test]
    fn n3_a_month_is_the_calendar_month() {
        assert_eq!(around(Period::Month, "2026-11-21"), pair("2026-11-01", "2026-11-30"));
        assert_eq!(around(Period::Month, "2026-12-31"), pair("2026-12-01", "2026-12-31"));
        assert_eq!(around(Period::Month, "2024-02-29"), pair("2024-02-01", "2024-02-29"));
        assert_eq!(around(Period::Month, "2100-02-01"), pair("2100-02-01", "2100-02-28"));
        assert_eq!(around(Period::Month, "2026-01-31"), pair("2026-01-01", "2026-01-31"));
    }

    #[test]
    fn dates_at_their_extremes_are_refused_and_their_neighbours_are_not() {
        for day in [NaiveDate::MIN, NaiveDate::MAX, date("1969-12-31"), date("2201-01-01"), date("0000-01-01")] {
            for period in [Period::Day, Period::Week, Period::Month] {
                assert!(period.range_around(day).is_err(), "{day}");
            }
            assert!(date_range(day, day).is_err(), "{day}");
        }
        assert!(date_range(NaiveDate::MIN, NaiveDate::MAX).is_err());
        assert_eq!(around(Period::Week, "1970-01-01"), pair("1969-12-29", "1970-01-04"));
        assert_eq!(around(Period::Month, "2200-12-31"), pair("2200-12-01", "2200-12-31"));
    }

    #[test]
    fn a_range_runs_forward_and_is_at_most_ten_years() {
        let day = date("2026-11-21");
        assert!(date_range(day, day).is_ok());
        assert!(date_range(day, day.pred_opt().unwrap()).is_err());
        assert!(date_range(day, day + Days::new(3_659)).is_ok());
        assert!(date_range(day, day + Days::new(3_660)).is_err());
    }

    fn task(id: u128, reward_minor: i64, completed_at: &str) -> CompletedTask {
        let completed_at: DateTime<Utc> = completed_at.parse().unwrap();
        CompletedTask {
            completed_on: completed_at.date_naive(),
            task_id: uuid::Uuid::from_u128(id).into(),
            title: format!("task {id}"),
            reference: None,
            reward_minor,
            completed_at,
            completed_by: uuid::Uuid::from_u128(1).into(),
        }
    }

    #[test]
    fn n3_the_highest_reward_wins_and_among_equals_the_earliest_completion() {
        let tasks = [
            task(1, 3_000, "2026-11-20T10:00:00Z"),
            task(2, 4_000, "2026-11-21T10:00:01Z"),
            task(3, 4_000, "2026-11-21T10:00:00Z"),
            task(4, 2_000, "2026-11-19T10:00:00Z"),
        ];
        assert_eq!(most_expensive(&tasks).map(|task| task.title.as_str()), Some("task 3"));
        assert_eq!(most_expensive(&[]), None);
    }
}
