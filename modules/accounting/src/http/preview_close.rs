//! `GET /days/{date}/preview`: previews the close of the open day, with the people who would be
//! paid.

use actix_web::get;
use actix_web::web::{Data, Json};
use chrono::NaiveDate;
use contracts::permission::CloseDays;
use contracts::{Money, PersonId};
use kernel::http::auth::Authorized;
use kernel::http::paging::{List, NoFilter, PageQuery};
use kernel::http::problem::ProblemDocument;
use kernel::http::{Cursor, Path};
use kernel::{CalendarDate, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use super::views::PersonView;
use crate::service::Accounting;

/// What the close would pay to one person: their whole balance.
#[derive(Serialize, ToSchema)]
#[schema(as = DuePayout)]
struct DuePayoutView {
    /// The person.
    person: PersonView,
    /// The amount. Positive.
    amount: Money,
}

/// What the close of a day would pay.
#[derive(Serialize, ToSchema)]
struct ClosePreviewView {
    /// The open day.
    date: NaiveDate,
    /// The number of people who would be paid.
    #[schema(minimum = 0)]
    payouts: i64,
    /// The sum of the payouts.
    paid: Money,
    /// The people who would be paid, in the order of their ids.
    items: Vec<DuePayoutView>,
    /// The `cursor` of the next page. Null on the last page.
    #[schema(required, value_type = Option<String>)]
    next_cursor: Option<Cursor>,
}

/// Previews what closing the open day now would pay
#[utoipa::path(
    tag = "books",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("close_days"))),
    params(("date" = NaiveDate, Path, description = "The open business day"), PageQuery),
    responses(
        (status = 200, body = ClosePreviewView, description = "The payouts that the close would make"),
        (status = 409, body = ProblemDocument, description = "`accounting.day_already_closed`"),
        (status = 422, body = ProblemDocument, description = "`accounting.day_not_begun`"),
        (status = 503, body = ProblemDocument, description = "`accounting.not_prepared`"),
    )
)]
#[get("/days/{date}/preview")]
pub async fn preview_close(
    _caller: Authorized<CloseDays>,
    accounting: Data<Accounting>,
    Path(date): Path<CalendarDate>,
    List { page, .. }: List<NoFilter, PersonId>,
) -> Result<Json<ClosePreviewView>, Problem> {
    let preview = accounting.preview_close(Some(date.date())).await?;
    let due = accounting.list_due_payouts(page.after, page.limit).await?;
    let page = page.cut(due, |payout| payout.person_id).map(|payout| DuePayoutView {
        person: PersonView { id: payout.person_id, name: payout.name },
        amount: accounting.money(payout.balance_minor),
    });
    Ok(Json(ClosePreviewView {
        date: preview.business_day,
        payouts: preview.payouts,
        paid: accounting.money(preview.paid_minor),
        items: page.items,
        next_cursor: page.next_cursor,
    }))
}
