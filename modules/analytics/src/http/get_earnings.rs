//! `GET /analytics/earnings`: gets the company's earnings over a range of days (DOMAIN N1).

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::SeeAnalytics;
use kernel::http::Query;
use kernel::http::auth::Authorized;
use kernel::http::problem::ProblemDocument;
use kernel::{DateRange, Problem};

use super::views::{EarningsView, RangeQuery};
use crate::Analytics;

/// Gets the company's earnings, in all and by day: fees less rewards, each less what was reversed
#[utoipa::path(
    tag = "analytics",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_analytics"))),
    params(RangeQuery),
    responses(
        (status = 200, body = EarningsView, description = "The figures, and the time at which they are true"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the days are in the wrong order, too many, or outside of the supported years"),
        (status = 503, body = ProblemDocument, description = "`analytics.not_opened`"),
    )
)]
#[get("/analytics/earnings")]
pub async fn get_earnings(
    _caller: Authorized<SeeAnalytics>,
    analytics: Data<Analytics>,
    Query(query): Query<RangeQuery>,
) -> Result<Json<EarningsView>, Problem> {
    let range = Option::<DateRange>::try_from(query)?;
    let report = analytics.get_earnings(range).await?;
    Ok(Json(EarningsView::from(report)))
}
