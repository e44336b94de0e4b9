//! `GET /days/{date}`: gets a business day.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::SeeBooks;
use kernel::http::Path;
use kernel::http::auth::Authorized;
use kernel::http::problem::ProblemDocument;
use kernel::{CalendarDate, Problem};

use super::views::DayView;
use crate::service::Accounting;

/// Gets a business day
#[utoipa::path(
    tag = "books",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_books"))),
    params(("date" = NaiveDate, Path, description = "The business day")),
    responses(
        (status = 200, body = DayView, description = "The day"),
        (status = 404, body = ProblemDocument, description = "`accounting.day_not_found`"),
    )
)]
#[get("/days/{date}")]
pub async fn get_day(
    _caller: Authorized<SeeBooks>,
    accounting: Data<Accounting>,
    Path(date): Path<CalendarDate>,
) -> Result<Json<DayView>, Problem> {
    let day = accounting.get_day(date.date()).await?;
    Ok(Json(DayView::new(&accounting, &day)))
}
