//! `GET /analytics/summary`: gets the figures of the open business day.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::SeeAnalytics;
use kernel::Problem;
use kernel::http::Query;
use kernel::http::auth::Authorized;
use kernel::http::problem::ProblemDocument;
use serde::Deserialize;

use super::views::SummaryView;
use crate::Analytics;

/// The request has no parameters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoQuery {}

/// Gets the open day's earnings and most expensive task, and the number of wallets below zero now
#[utoipa::path(
    tag = "analytics",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_analytics"))),
    responses(
        (status = 200, body = SummaryView, description = "The figures, and the time at which they are true"),
        (status = 503, body = ProblemDocument, description = "`analytics.not_opened`"),
    )
)]
#[get("/analytics/summary")]
pub async fn get_summary(
    _caller: Authorized<SeeAnalytics>,
    analytics: Data<Analytics>,
    _query: Query<NoQuery>,
) -> Result<Json<SummaryView>, Problem> {
    let report = analytics.get_summary().await?;
    Ok(Json(SummaryView::from(report)))
}
