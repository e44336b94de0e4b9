//! The pure rules: which days a question is about, and which task is the most expensive of several.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use contracts::{PersonId, TaskId};
use kernel::problem::FieldError;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::Error;

/// A question is about at most so many days: ten years.
const LONGEST_RANGE_DAYS: i64 = 3_660;
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2200;

/// Days from `from` to `to`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DateRange {
    from: NaiveDate,
    to: NaiveDate,
}

/// A stretch of the calendar around a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Period {
    Day,
    /// The ISO week, Monday to Sunday.
    Week,
    /// The calendar month.
    Month,
}

/// A completed task as the books know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompletedTask {
    pub completed_on: NaiveDate,
    pub task_id: TaskId,
    pub title: String,
    pub reference: Option<String>,
    pub reward_minor: i64,
    pub completed_at: DateTime<Utc>,
    pub completed_by: PersonId,
}

impl DateRange {
    /// Refuses dates that are out of reason, a range that runs backwards, and one longer than ten years.
    pub(crate) fn new(from: NaiveDate, to: NaiveDate) -> Result<Self, Error> {
        let mut errors: Vec<FieldError> = [("?from", from), ("?to", to)]
            .into_iter()
            .filter(|(_, date)| !YEARS.contains(&date.year()))
            .map(|(pointer, _)| FieldError::new(pointer, out_of_years()))
            .collect();
        if errors.is_empty() && from > to {
            errors.push(FieldError::new("?to", "is before `from`"));
        }
        if errors.is_empty() && (to - from).num_days() >= LONGEST_RANGE_DAYS {
            errors.push(FieldError::new("?to", format!("a range is at most {LONGEST_RANGE_DAYS} days")));
        }
        if errors.is_empty() { Ok(Self { from, to }) } else { Err(Error::Invalid(errors)) }
    }

    /// The day, ISO week or calendar month that `date` is in.
    pub(crate) fn around(period: Period, date: NaiveDate) -> Result<Self, Error> {
        if !YEARS.contains(&date.year()) {
            return Err(Error::invalid("?date", out_of_years()));
        }
        let range = match period {
            Period::Day => Some((date, date)),
            Period::Week => {
                let monday = date.checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday())));
                monday.and_then(|monday| Some((monday, monday.checked_add_days(Days::new(6))?)))
            }
            Period::Month => date
                .with_day(1)
                .and_then(|first| Some((first, first.checked_add_months(chrono::Months::new(1))?.pred_opt()?))),
        };
        let (from, to) = range.ok_or_else(|| Error::invalid("?date", out_of_years()))?;
        Ok(Self { from, to })
    }

    pub(crate) const fn from(&self) -> NaiveDate {
        self.from
    }

    pub(crate) const fn to(&self) -> NaiveDate {
        self.to
    }
}

fn out_of_years() -> String {
    format!("a date is in the years {} to {}", YEARS.start(), YEARS.end())
}

/// The task with the highest reward; of equals the one that was completed first (DOMAIN N3).
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
        let range = DateRange::around(period, date(day)).unwrap();
        (range.from().to_string(), range.to().to_string())
    }

    fn pair(from: &str, to: &str) -> (String, String) {
        (from.to_owned(), to.to_owned())
    }

    #[test]
    fn n3_a_day_is_itself() {
        assert_eq!(around(Period::Day, "2026-11-21"), pair("2026-11-21", "2026-11-21"));
    }

    #[test]
    fn n3_a_week_is_the_iso_week_also_across_the_new_year() {
        for day in ["2026-12-28", "2026-12-31", "2027-01-01", "2027-01-03"] {
            assert_eq!(around(Period::Week, day), pair("2026-12-28", "2027-01-03"), "{day}");
        }
        assert_eq!(around(Period::Week, "2027-01-04"), pair("2027-01-04", "2027-01-10"));
        assert_eq!(around(Period::Week, "2024-02-29"), pair("2024-02-26", "2024-03-03"));
    }

    #[test]
    fn n3_a_month_ends_where_the_calendar_says() {
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
                assert!(DateRange::around(period, day).is_err(), "{day}");
            }
            assert!(DateRange::new(day, day).is_err(), "{day}");
        }
        assert!(DateRange::new(NaiveDate::MIN, NaiveDate::MAX).is_err());
        assert_eq!(around(Period::Week, "1970-01-01"), pair("1969-12-29", "1970-01-04"));
        assert_eq!(around(Period::Month, "2200-12-31"), pair("2200-12-01", "2200-12-31"));
    }

    #[test]
    fn a_range_runs_forward_and_is_at_most_ten_years() {
        let day = date("2026-11-21");
        assert!(DateRange::new(day, day).is_ok());
        assert!(DateRange::new(day, day.pred_opt().unwrap()).is_err());
        assert!(DateRange::new(day, day + Days::new(3_659)).is_ok());
        assert!(DateRange::new(day, day + Days::new(3_660)).is_err());
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
    fn n3_the_highest_reward_wins_and_of_equals_the_earliest_completion() {
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
