//! `GET /analytics/top-tasks`: gets the most expensive completed tasks (DOMAIN N3).

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::SeeAnalytics;
use kernel::http::Query;
use kernel::http::auth::Authorized;
use kernel::http::problem::ProblemDocument;
use kernel::{CalendarDate, Fault, FieldCode, Problem};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::views::TopTasksView;
use crate::Analytics;
use crate::domain::{self, Period, RequestedDays};
use crate::error::Error;

/// A stretch of the calendar around a date.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PeriodParameter {
    Day,
    /// The ISO week, Monday to Sunday.
    Week,
    /// The calendar month.
    Month,
}

impl From<PeriodParameter> for Period {
    fn from(parameter: PeriodParameter) -> Self {
        match parameter {
            PeriodParameter::Day => Self::Day,
            PeriodParameter::Week => Self::Week,
            PeriodParameter::Month => Self::Month,
        }
    }
}

/// Either `period` and `date`, or `from` and `to`.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TopTasksQuery {
    /// The day, ISO week or calendar month of `date`. The default is `day`.
    #[param(inline)]
    period: Option<PeriodParameter>,
    /// A date in the period. The default is the open business day.
    #[param(value_type = Option<NaiveDate>)]
    date: Option<CalendarDate>,
    /// With `to`: the first day.
    #[param(value_type = Option<NaiveDate>)]
    from: Option<CalendarDate>,
    /// The last day, included; at most ten years later.
    #[param(value_type = Option<NaiveDate>)]
    to: Option<CalendarDate>,
}

impl TryFrom<TopTasksQuery> for RequestedDays {
    type Error = Error;

    fn try_from(query: TopTasksQuery) -> Result<Self, Error> {
        let TopTasksQuery { period, date, from, to } = query;
        if (period.is_some() || date.is_some()) && (from.is_some() || to.is_some()) {
            let detail = "give `period` and `date`, or `from` and `to`, not both";
            let fault = Fault::new(FieldCode::NotWith, detail).with("with", ["from", "to"].as_slice());
            return Err(Error::invalid("?period", fault));
        }
        let range = domain::optional_range(from.map(CalendarDate::date), to.map(CalendarDate::date))?;
        let around =
            || Self::Around { period: period.map_or(Period::Day, Period::from), date: date.map(CalendarDate::date) };
        Ok(range.map_or_else(around, Self::Range))
    }
}

/// Gets the most expensive task of a range of days, and of each of its days
///
/// The range is a day, an ISO week or a calendar month (`period` and `date`), or any other (`from`
/// and `to`). Without parameters it is today. The task with the highest reward wins. Among equals
/// the one that was completed first wins.
#[utoipa::path(
    tag = "analytics",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_analytics"))),
    params(TopTasksQuery),
    responses(
        (status = 200, body = TopTasksView, description = "The figures, and the time at which they are true"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the days are in the wrong order, too many, or outside of the supported years"),
        (status = 503, body = ProblemDocument, description = "`analytics.not_opened`"),
    )
)]
#[get("/analytics/top-tasks")]
pub async fn get_top_tasks(
    _caller: Authorized<SeeAnalytics>,
    analytics: Data<Analytics>,
    Query(query): Query<TopTasksQuery>,
) -> Result<Json<TopTasksView>, Problem> {
    let report = analytics.get_top_tasks(query.try_into()?).await?;
    Ok(Json(TopTasksView::from(report)))
}
