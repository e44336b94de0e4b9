//! `GET /analytics/top-tasks`: the most expensive completed task (DOMAIN N3).

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::SeeAnalytics;
use kernel::auth::Authorized;
use kernel::http::Query;
use kernel::problem::ProblemDocument;
use kernel::{CalendarDate, Problem};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Analytics;
use crate::domain::{DateRange, Period};
use crate::error::Error;
use crate::view::TopTasksView;

/// Either form, not both.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TopTasksQuery {
    /// With `date`: the day, ISO week or calendar month that it is in.
    #[param(inline)]
    period: Option<Period>,
    #[param(value_type = Option<NaiveDate>)]
    date: Option<CalendarDate>,
    /// With `to`: the first day.
    #[param(value_type = Option<NaiveDate>)]
    from: Option<CalendarDate>,
    /// The last day, included; at most ten years later.
    #[param(value_type = Option<NaiveDate>)]
    to: Option<CalendarDate>,
}

impl TryFrom<TopTasksQuery> for DateRange {
    type Error = Error;

    fn try_from(query: TopTasksQuery) -> Result<Self, Error> {
        match (query.period, query.date, query.from, query.to) {
            (Some(period), Some(date), None, None) => Self::around(period, date.date()),
            (None, None, Some(from), Some(to)) => Self::new(from.date(), to.date()),
            (Some(_), None, None, None) => Err(Error::invalid("?date", "is needed with `period`")),
            (None, Some(_), None, None) => Err(Error::invalid("?period", "is needed with `date`: day, week or month")),
            (None, None, Some(_), None) => Err(Error::invalid("?to", "is needed with `from`")),
            (None, None, None, Some(_)) => Err(Error::invalid("?from", "is needed with `to`")),
            (None, None, None, None) => Err(Error::invalid("?period", "give `period` and `date`, or `from` and `to`")),
            _ => Err(Error::invalid("?period", "give `period` and `date`, or `from` and `to`, not both")),
        }
    }
}

/// The most expensive task completed in a day, an ISO week, a calendar month or any range, and one line per day.
///
/// Either `period` and `date`, or `from` and `to`. The highest reward wins; of equals the earliest completion.
#[utoipa::path(
    tag = "analytics",
    params(TopTasksQuery),
    responses(
        (status = 200, description = "The figures and as of when they are true", body = TopTasksView),
        (status = 400, description = "A parameter is unknown, missing or malformed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "Not logged in", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The days cannot be meant: backwards, too many, out of reason", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "`analytics.not_opened`, or the database cannot be reached", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_analytics")))
)]
#[get("/analytics/top-tasks")]
pub(super) async fn get_top_tasks(
    _: Authorized<SeeAnalytics>,
    analytics: Data<Analytics>,
    query: Query<TopTasksQuery>,
) -> Result<Json<TopTasksView>, Problem> {
    let range = DateRange::try_from(query.0)?;
    Ok(Json(analytics.top_tasks(range).await?))
}
