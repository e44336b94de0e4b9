//! `GET /wallets/me/statements/{date}`

use actix_web::get;
use actix_web::web::{Data, Json};
use chrono::NaiveDate;
use contracts::Money;
use contracts::permission::SeeOwnWallet;
use kernel::auth::Authorized;
use kernel::http::{Path, Query};
use kernel::paging::{self, Page};
use kernel::problem::ProblemDocument;
use kernel::{CalendarDate, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use super::views::{PageQuery, TransferView};
use crate::Accounting;

/// A person's business day: opening balance + earned − paid = closing balance.
#[derive(Serialize, ToSchema)]
struct StatementView {
    date: NaiveDate,
    is_closed: bool,
    opening_balance: Money,
    /// Fees, rewards and corrections of the day.
    earned: Money,
    /// Null: nothing was paid.
    paid: Option<Money>,
    closing_balance: Money,
    /// The lines in ledger order.
    items: Vec<TransferView>,
    next_cursor: Option<String>,
}

/// Shows the caller's statement of one business day
#[utoipa::path(
    tag = "wallets",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_own_wallet"))),
    params(("date" = NaiveDate, Path), PageQuery),
    responses((status = 200, body = StatementView), (status = 404, body = ProblemDocument))
)]
#[get("/wallets/me/statements/{date}")]
pub async fn get_my_statement(
    caller: Authorized<SeeOwnWallet>,
    books: Data<Accounting>,
    Path(date): Path<CalendarDate>,
    Query(query): Query<PageQuery>,
) -> Result<Json<StatementView>, Problem> {
    let date = date.date();
    let after = paging::decode(query.cursor.as_deref())?;
    let statement = books.load_statement(caller.person_id(), date, after, query.limit).await?;
    let page = Page::cut(statement.lines, query.limit, |row| row.line).map(|row| TransferView::new(&books, row));
    Ok(Json(StatementView {
        date: statement.business_day,
        is_closed: statement.is_closed,
        opening_balance: books.money(statement.opening_balance_minor),
        earned: books.money(statement.earned_minor),
        paid: statement.paid_minor.map(|paid_minor| books.money(paid_minor)),
        closing_balance: books.money(statement.closing_balance_minor),
        items: page.items,
        next_cursor: page.next_cursor,
    }))
}
