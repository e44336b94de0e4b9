//! `GET /analytics/wallets-below-zero`: counts the wallets below zero (DOMAIN N2).

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::SeeAnalytics;
use kernel::http::Query;
use kernel::http::auth::Authorized;
use kernel::http::problem::ProblemDocument;
use kernel::{DateRange, Problem};

use super::views::{RangeQuery, WalletsBelowZeroView};
use crate::Analytics;

/// Counts the wallets below zero, now and at the end of each day of a range
#[utoipa::path(
    tag = "analytics",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_analytics"))),
    params(RangeQuery),
    responses(
        (status = 200, body = WalletsBelowZeroView, description = "The figures, and the time at which they are true"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the days are in the wrong order, too many, or outside of the supported years"),
        (status = 503, body = ProblemDocument, description = "`analytics.not_opened`"),
    )
)]
#[get("/analytics/wallets-below-zero")]
pub async fn get_wallets_below_zero(
    _caller: Authorized<SeeAnalytics>,
    analytics: Data<Analytics>,
    Query(query): Query<RangeQuery>,
) -> Result<Json<WalletsBelowZeroView>, Problem> {
    let range = Option::<DateRange>::try_from(query)?;
    let report = analytics.get_wallets_below_zero(range).await?;
    Ok(Json(WalletsBelowZeroView::from(report)))
}
