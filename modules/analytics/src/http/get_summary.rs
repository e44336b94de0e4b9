//! `GET /analytics/summary`: the figures of the moment.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::SeeAnalytics;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Query;
use kernel::problem::ProblemDocument;

use super::NoQuery;
use crate::Analytics;
use crate::view::SummaryView;

/// The open business day's earnings, the wallets below zero now, and the day's most expensive task.
#[utoipa::path(
    tag = "analytics",
    responses(
        (status = 200, description = "The figures and as of when they are true", body = SummaryView),
        (status = 400, description = "A parameter is unknown, missing or malformed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "Not logged in", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "`analytics.not_opened`, or the database cannot be reached", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_analytics")))
)]
#[get("/analytics/summary")]
pub(super) async fn get_summary(
    _: Authorized<SeeAnalytics>,
    analytics: Data<Analytics>,
    _: Query<NoQuery>,
) -> Result<Json<SummaryView>, Problem> {
    Ok(Json(analytics.summary().await?))
}
