//! `GET /analytics/wallets-below-zero`: who owes, in numbers (DOMAIN N2).

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
use crate::view::WalletsBelowZeroView;

/// How many wallets are below zero now, and were at the end of each day.
#[utoipa::path(
    tag = "analytics",
    params(RangeQuery),
    responses(
        (status = 200, description = "The figures and as of when they are true", body = WalletsBelowZeroView),
        (status = 400, description = "A parameter is unknown, missing or malformed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "Not logged in", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "Not allowed", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The days cannot be meant: backwards, too many, out of reason", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "`analytics.not_opened`, or the database cannot be reached", body = ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_analytics")))
)]
#[get("/analytics/wallets-below-zero")]
pub(super) async fn get_wallets_below_zero(
    _: Authorized<SeeAnalytics>,
    analytics: Data<Analytics>,
    query: Query<RangeQuery>,
) -> Result<Json<WalletsBelowZeroView>, Problem> {
    let range = DateRange::try_from(query.0)?;
    Ok(Json(analytics.wallets_below_zero(range).await?))
}
