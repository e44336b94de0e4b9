//! `GET /payouts`: lists all payouts.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use contracts::PersonId;
use contracts::permission::SeeBooks;
use kernel::http::auth::Authorized;
use kernel::http::csv::Exportable;
use kernel::http::paging::{Page, PageQuery};
use kernel::http::problem::ProblemDocument;
use kernel::{CalendarDate, Problem};
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::{TransferView, parse_range};
use crate::domain::{PayoutsFilter, Transfer};
use crate::service::Accounting;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListPayoutsQuery {
    /// Lists only the payouts of this person.
    person_id: Option<PersonId>,
    /// The first day. It is sent together with `to`.
    #[param(value_type = Option<NaiveDate>)]
    from: Option<CalendarDate>,
    /// The last day; it is included, and at most ten years after the first.
    #[param(value_type = Option<NaiveDate>)]
    to: Option<CalendarDate>,
}

/// Lists all payouts, latest day first
///
/// `Accept: text/csv` answers with all rows as a CSV file.
#[utoipa::path(
    tag = "books",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_books"))),
    params(ListPayoutsQuery, PageQuery),
    responses(
        (status = 200, description = "A page of payouts", content((Page<TransferView> = "application/json"), (String = "text/csv"))),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the range is not valid"),
    )
)]
#[get("/payouts")]
pub async fn list_payouts(
    _caller: Authorized<SeeBooks>,
    accounting: Data<Accounting>,
    Exportable { filter, export }: Exportable<ListPayoutsQuery, (NaiveDate, PersonId)>,
) -> Result<HttpResponse, Problem> {
    let range = parse_range(filter.from, filter.to)?;
    let filter = PayoutsFilter { person_id: filter.person_id, range };
    let books = accounting.clone();
    let read = move |before, limit| {
        let accounting = accounting.clone();
        async move { accounting.list_payouts(filter, before, limit).await }
    };
    let key = |payout: &Transfer| (payout.business_day, payout.person_id);
    export.answer("payouts", read, key, move |payout| TransferView::new(&books, payout)).await
}
