//! `POST /days/{date}/close`

use actix_web::post;
use actix_web::web::{Data, Json};
use contracts::permission::CloseDays;
use kernel::auth::Authorized;
use kernel::http::{NoBody, Path, shielded};
use kernel::problem::ProblemDocument;
use kernel::{CalendarDate, Problem};

use super::views::DayView;
use crate::Accounting;

/// Closes a day and pays everybody with a positive balance; today's may be closed before its end
#[utoipa::path(
    tag = "books",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("close_days"))),
    params(("date" = NaiveDate, Path)),
    responses(
        (status = 200, body = DayView),
        (status = 404, body = ProblemDocument, description = "The books do not know the day"),
        (status = 409, body = ProblemDocument, description = "It is already closed"),
        (status = 422, body = ProblemDocument, description = "It has not begun"),
    )
)]
#[post("/days/{date}/close")]
pub async fn close_day(
    caller: Authorized<CloseDays>,
    books: Data<Accounting>,
    Path(date): Path<CalendarDate>,
    _body: NoBody,
) -> Result<Json<DayView>, Problem> {
    let date = date.date();
    let closing = books.clone();
    let row = shielded(async move {
        closing.close_day(date, Some(caller.person_id())).await?;
        closing.load_day_just_closed(date).await
    })
    .await?;
    Ok(Json(DayView::new(&books, &row)))
}
