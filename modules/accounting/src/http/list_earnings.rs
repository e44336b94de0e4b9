//! `GET /earnings`: lists the company's earnings of each day.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use contracts::permission::SeeBooks;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::csv::Exportable;
use kernel::http::paging::{Page, PageQuery};
use kernel::http::problem::ProblemDocument;

use super::views::{DateRangeQuery, EarningsView};
use crate::service::Accounting;

/// Lists the company's earnings of each day, latest day first
///
/// Without a range it lists the last thirty days. `Accept: text/csv` answers with all rows as a CSV
/// file.
#[utoipa::path(
    tag = "books",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_books"))),
    params(DateRangeQuery, PageQuery),
    responses(
        (status = 200, description = "A page of days", content((Page<EarningsView> = "application/json"), (String = "text/csv"))),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the range is not valid"),
        (status = 503, body = ProblemDocument, description = "`accounting.not_prepared`"),
    )
)]
#[get("/earnings")]
pub async fn list_earnings(
    _caller: Authorized<SeeBooks>,
    accounting: Data<Accounting>,
    Exportable { filter, export }: Exportable<DateRangeQuery, NaiveDate>,
) -> Result<HttpResponse, Problem> {
    let range = accounting.earnings_range(filter.range()?).await?;
    let books = accounting.clone();
    let read = move |before, limit| {
        let accounting = accounting.clone();
        async move { accounting.list_days(Some(range), before, limit).await }
    };
    export.answer("earnings", read, |day| day.business_day, move |day| EarningsView::new(&books, &day)).await
}
