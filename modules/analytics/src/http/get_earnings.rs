//! `GET /analytics/earnings`: what the company earned (DOMAIN N1).

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::SeeAnalytics;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Query;
use kernel::problem::ProblemDocument;

use super::RangeQuery;
use crate::Analytics;
use crate::domain::DateRange;
use crate::view::EarningsView;

/// What the company earned, in all and day by day: fees less rewards, each less what was reversed.
#[utoipa::path(
    tag = "analytics",
    params(RangeQuery),
    responses(
        (status = 200, description = "The figures and as of when they are true", body = EarningsView),
        (status = 400, description = "A parameter is unknown, missing or malformed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "Not logged in", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The days cannot be meant: backwards, too many, out of reason", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "`analytics.not_opened`, or the database cannot be reached", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_analytics")))
)]
#[get("/analytics/earnings")]
pub(super) async fn get_earnings(
    _: Authorized<SeeAnalytics>,
    analytics: Data<Analytics>,
    query: Query<RangeQuery>,
) -> Result<Json<EarningsView>, Problem> {
    let range = DateRange::try_from(query.0)?;
    Ok(Json(analytics.earnings(range).await?))
}
