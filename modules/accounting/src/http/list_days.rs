//! `GET /days`: lists the business days.

use actix_web::get;
use actix_web::web::{Data, Json};
use chrono::NaiveDate;
use contracts::permission::SeeBooks;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::paging::{List, Page, PageQuery};
use kernel::http::problem::ProblemDocument;

use super::views::{DateRangeQuery, DayView};
use crate::service::Accounting;

/// Lists the business days, latest first
#[utoipa::path(
    tag = "books",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_books"))),
    params(DateRangeQuery, PageQuery),
    responses(
        (status = 200, body = Page<DayView>, description = "A page of days"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the range is not valid"),
    )
)]
#[get("/days")]
pub async fn list_days(
    _caller: Authorized<SeeBooks>,
    accounting: Data<Accounting>,
    List { filter, page }: List<DateRangeQuery, NaiveDate>,
) -> Result<Json<Page<DayView>>, Problem> {
    let days = accounting.list_days(filter.range()?, page.after, page.limit).await?;
    Ok(Json(page.cut(days, |day| day.business_day).map(|day| DayView::new(&accounting, &day))))
}
