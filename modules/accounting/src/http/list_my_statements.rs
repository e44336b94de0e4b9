//! `GET /wallets/me/statements`: lists the days of the caller's wallet with their totals.

use actix_web::get;
use actix_web::web::{Data, Json};
use chrono::NaiveDate;
use contracts::permission::SeeOwnWallet;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::paging::{List, Page, PageQuery};
use kernel::http::problem::ProblemDocument;

use super::views::{DateRangeQuery, StatementTotalsView};
use crate::service::Accounting;

/// Lists the days on which something was booked for the caller, latest first
#[utoipa::path(
    tag = "wallets",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_own_wallet"))),
    params(DateRangeQuery, PageQuery),
    responses(
        (status = 200, body = Page<StatementTotalsView>, description = "A page of days"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the range is not valid"),
    )
)]
#[get("/wallets/me/statements")]
pub async fn list_my_statements(
    caller: Authorized<SeeOwnWallet>,
    accounting: Data<Accounting>,
    List { filter, page }: List<DateRangeQuery, NaiveDate>,
) -> Result<Json<Page<StatementTotalsView>>, Problem> {
    let days = accounting.list_my_statements(caller.person_id(), filter.range()?, page.after, page.limit).await?;
    Ok(Json(page.cut(days, |day| day.business_day).map(|day| StatementTotalsView::new(&accounting, &day))))
}
