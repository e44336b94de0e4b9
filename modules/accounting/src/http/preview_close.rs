//! `GET /days/{date}/preview`

use actix_web::get;
use actix_web::web::{Data, Json};
use chrono::NaiveDate;
use contracts::Money;
use contracts::permission::CloseDays;
use kernel::auth::Authorized;
use kernel::http::Path;
use kernel::problem::ProblemDocument;
use kernel::{CalendarDate, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Accounting, Error};

#[derive(Serialize, ToSchema)]
struct ClosePreviewView {
    date: NaiveDate,
    /// How many people would be paid.
    payouts: i64,
    paid: Money,
}

/// Says what closing the open day now would pay
#[utoipa::path(
    tag = "books",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("close_days"))),
    params(("date" = NaiveDate, Path)),
    responses(
        (status = 200, body = ClosePreviewView),
        (status = 409, body = ProblemDocument, description = "The day is not the open one"),
    )
)]
#[get("/days/{date}/preview")]
pub async fn preview_close(
    _caller: Authorized<CloseDays>,
    books: Data<Accounting>,
    Path(date): Path<CalendarDate>,
) -> Result<Json<ClosePreviewView>, Problem> {
    let date = date.date();
    let preview = books.preview_close().await?;
    if date != preview.business_day {
        let past = date < preview.business_day;
        return Err(if past { Error::DayAlreadyClosed(date) } else { Error::DayNotBegun(date) }.into());
    }
    Ok(Json(ClosePreviewView { date, payouts: preview.payouts, paid: books.money(preview.paid_minor) }))
}
