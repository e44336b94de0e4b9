//! `GET /days`

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::SeeBooks;
use kernel::auth::Authorized;
use kernel::http::Query;
use kernel::paging::{self, Page};
use kernel::{CalendarDate, Problem};

use super::views::{DayView, PageQuery};
use crate::Accounting;

/// Lists the business days, latest first
#[utoipa::path(
    tag = "books",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_books"))),
    params(PageQuery),
    responses((status = 200, body = Page<DayView>))
)]
#[get("/days")]
pub async fn list_days(
    _caller: Authorized<SeeBooks>,
    books: Data<Accounting>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<DayView>>, Problem> {
    let before = paging::decode::<CalendarDate>(query.cursor.as_deref())?.map(CalendarDate::date);
    let rows = books.list_days(before, query.limit).await?;
    Ok(Json(Page::cut(rows, query.limit, |row| row.business_day).map(|row| DayView::new(&books, &row))))
}
