//! `GET /wallets/me/statements/{date}`: gets the caller's statement of one business day.

use actix_web::get;
use actix_web::web::{Data, Json};
use chrono::NaiveDate;
use contracts::Money;
use contracts::permission::SeeOwnWallet;
use kernel::http::auth::Authorized;
use kernel::http::paging::{List, NoFilter, PageQuery};
use kernel::http::problem::ProblemDocument;
use kernel::http::{Cursor, Path};
use kernel::{CalendarDate, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use super::views::TransferView;
use crate::service::Accounting;

/// A person's business day: opening balance + earned − paid = closing balance.
#[derive(Serialize, ToSchema)]
struct StatementView {
    /// The business day.
    date: NaiveDate,
    /// Whether the day is closed. A closed day never changes.
    closed: bool,
    /// The balance before the first line of the day.
    opening_balance: Money,
    /// The sum of the day's fees, rewards and corrections.
    earned: Money,
    /// The payout of the day. Null if there is none.
    #[schema(required)]
    paid: Option<Money>,
    /// The balance after the last line of the day.
    closing_balance: Money,
    /// The lines of the day, in ledger order.
    items: Vec<TransferView>,
    /// Give it back as `cursor` for the next page. Null on the last page.
    #[schema(required, value_type = Option<String>)]
    next_cursor: Option<Cursor>,
}

/// Gets the caller's statement of one business day
#[utoipa::path(
    tag = "wallets",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_own_wallet"))),
    params(("date" = NaiveDate, Path, description = "The business day"), PageQuery),
    responses(
        (status = 200, body = StatementView, description = "The statement, with a page of its lines"),
        (status = 404, body = ProblemDocument, description = "`accounting.day_not_found`"),
    )
)]
#[get("/wallets/me/statements/{date}")]
pub async fn get_my_statement(
    caller: Authorized<SeeOwnWallet>,
    accounting: Data<Accounting>,
    Path(date): Path<CalendarDate>,
    List { page, .. }: List<NoFilter, i64>,
) -> Result<Json<StatementView>, Problem> {
    let date = date.date();
    let statement = accounting.get_statement(caller.person_id(), date, page.after, page.limit).await?;
    let page = page.cut(statement.lines, |line| line.line).map(|line| TransferView::new(&accounting, line));
    Ok(Json(StatementView {
        date: statement.business_day,
        closed: statement.is_closed,
        opening_balance: accounting.money(statement.opening_balance_minor),
        earned: accounting.money(statement.earned_minor),
        paid: statement.paid_minor.map(|paid_minor| accounting.money(paid_minor)),
        closing_balance: accounting.money(statement.closing_balance_minor),
        items: page.items,
        next_cursor: page.next_cursor,
    }))
}
