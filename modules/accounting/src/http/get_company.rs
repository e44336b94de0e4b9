//! `GET /company`: gets what every page has to know of the installation.

use actix_web::get;
use actix_web::web::{Data, Json};
use chrono::NaiveDate;
use contracts::Currency;
use contracts::permission::BeKnown;
use kernel::Problem;
use kernel::http::ProgramVersion;
use kernel::http::auth::Authorized;
use kernel::http::problem::ProblemDocument;
use kernel::text::LANGUAGES;
use serde::Serialize;
use utoipa::ToSchema;

use crate::service::Accounting;

/// The company.
#[derive(Serialize, ToSchema)]
#[schema(as = Company)]
struct CompanyView {
    /// The currency of all amounts.
    currency: Currency,
    /// Number of digits of an amount after the decimal point: 2 for USD.
    currency_exponent: u8,
    /// The time zone of business days, by its name in the IANA database.
    #[schema(example = "Europe/Berlin")]
    time_zone: &'static str,
    /// The open business day, into which everything is booked.
    business_day: NaiveDate,
    /// The languages that a person can choose.
    #[schema(example = json!(["en", "ru"]))]
    languages: [&'static str; 2],
    /// The version of the process that answers, as in the header `x-piecework-version`.
    version: &'static str,
}

/// Gets the currency, the time zone, the open business day, the languages and the version
#[utoipa::path(
    tag = "wallets",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("be_known"))),
    responses(
        (status = 200, body = CompanyView, description = "The company"),
        (status = 503, body = ProblemDocument, description = "`accounting.not_prepared`"),
    )
)]
#[get("/company")]
pub async fn get_company(
    _caller: Authorized<BeKnown>,
    accounting: Data<Accounting>,
    version: Data<ProgramVersion>,
) -> Result<Json<CompanyView>, Problem> {
    let business_day = accounting.get_open_day().await?;
    let policy = accounting.policy;
    Ok(Json(CompanyView {
        currency: policy.currency,
        currency_exponent: policy.exponent,
        time_zone: policy.time_zone.name(),
        business_day,
        languages: LANGUAGES,
        version: version.0,
    }))
}
