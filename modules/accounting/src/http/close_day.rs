//! `POST /days/{date}/close`: closes a business day.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use contracts::permission::CloseDays;
use kernel::http::auth::Authorized;
use kernel::http::idempotency::IdempotencyKey;
use kernel::http::problem::ProblemDocument;
use kernel::http::{Answer, NoBody, Path, answered, shielded};
use kernel::{CalendarDate, Problem};

use super::views::DayView;
use crate::domain::Day;
use crate::service::Accounting;

/// Closes a day and pays out every positive balance; the present day may be closed before its end
#[utoipa::path(
    tag = "books",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("close_days"))),
    params(("date" = NaiveDate, Path, description = "The business day"), IdempotencyKey),
    responses(
        (status = 200, body = DayView, description = "The closed day"),
        (status = 404, body = ProblemDocument, description = "`accounting.day_not_found`"),
        (status = 409, body = ProblemDocument, description = "`accounting.day_already_closed`"),
        (status = 422, body = ProblemDocument, description = "`accounting.day_not_begun`"),
        (status = 503, body = ProblemDocument, description = "`accounting.collided`, `accounting.not_prepared`"),
    )
)]
#[post("/days/{date}/close")]
pub async fn close_day(
    caller: Authorized<CloseDays>,
    accounting: Data<Accounting>,
    Path(date): Path<CalendarDate>,
    _body: NoBody,
) -> Result<HttpResponse, Problem> {
    let date = date.date();
    let service = accounting.clone();
    let work = shielded(async move {
        service.close_day(date, Some(caller.person_id())).await?;
        service.get_closed_day(date).await
    });
    answered(move |day: &Day| Answer::json(200, &DayView::new(&accounting, day)), work).await
}
