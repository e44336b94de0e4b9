//! `GET /days/{date}`

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::SeeBooks;
use kernel::auth::Authorized;
use kernel::http::Path;
use kernel::problem::ProblemDocument;
use kernel::{CalendarDate, Problem};

use super::views::DayView;
use crate::Accounting;

/// Shows a business day
#[utoipa::path(
    tag = "books",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_books"))),
    params(("date" = NaiveDate, Path)),
    responses((status = 200, body = DayView), (status = 404, body = ProblemDocument))
)]
#[get("/days/{date}")]
pub async fn get_day(
    _caller: Authorized<SeeBooks>,
    books: Data<Accounting>,
    Path(date): Path<CalendarDate>,
) -> Result<Json<DayView>, Problem> {
    let date = date.date();
    let row = books.load_day(date).await?;
    Ok(Json(DayView::new(&books, &row)))
}
