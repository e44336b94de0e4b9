//! The module's routes: four questions, for admins.

mod get_earnings;
mod get_summary;
mod get_top_tasks;
mod get_wallets_below_zero;

use actix_web::web;
use kernel::CalendarDate;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Analytics;
use crate::domain::DateRange;
use crate::error::Error;

/// The days a question is about.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RangeQuery {
    /// The first day.
    #[param(value_type = NaiveDate)]
    from: CalendarDate,
    /// The last day, included; at most ten years later.
    #[param(value_type = NaiveDate)]
    to: CalendarDate,
}

impl TryFrom<RangeQuery> for DateRange {
    type Error = Error;

    fn try_from(query: RangeQuery) -> Result<Self, Error> {
        Self::new(query.from.date(), query.to.date())
    }
}

/// A question without parameters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoQuery {}

pub(crate) fn routes(analytics: &Analytics, config: &mut ServiceConfig<'_>) {
    config
        .app_data(web::Data::new(analytics.clone()))
        .service(get_summary::get_summary)
        .service(get_earnings::get_earnings)
        .service(get_wallets_below_zero::get_wallets_below_zero)
        .service(get_top_tasks::get_top_tasks);
}
