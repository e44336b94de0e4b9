//! `GET /wallets/me/transfers`

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::SeeOwnWallet;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Query;
use kernel::paging::Page;

use super::views::{PageQuery, TransferView, before_line};
use crate::Accounting;

/// Lists the lines of the caller's wallet, latest first
#[utoipa::path(
    tag = "wallets",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_own_wallet"))),
    params(PageQuery),
    responses((status = 200, body = Page<TransferView>))
)]
#[get("/wallets/me/transfers")]
pub async fn list_my_transfers(
    caller: Authorized<SeeOwnWallet>,
    books: Data<Accounting>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<TransferView>>, Problem> {
    let rows = books.list_transfers(caller.person_id(), before_line(&query)?, query.limit).await?;
    Ok(Json(Page::cut(rows, query.limit, |row| (row.business_day, row.line)).map(|row| TransferView::new(&books, row))))
}
