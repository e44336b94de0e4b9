//! `GET /wallets`

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::SeeBooks;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Query;
use kernel::paging::{self, Page};

use super::views::{PageQuery, WalletView};
use crate::Accounting;

/// Lists every wallet
#[utoipa::path(
    tag = "wallets",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_books"))),
    params(PageQuery),
    responses((status = 200, body = Page<WalletView>))
)]
#[get("/wallets")]
pub async fn list_wallets(
    _caller: Authorized<SeeBooks>,
    books: Data<Accounting>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<WalletView>>, Problem> {
    let rows = books.list_wallets(paging::decode(query.cursor.as_deref())?, query.limit).await?;
    Ok(Json(Page::cut(rows, query.limit, |row| row.person_id).map(|row| WalletView::new(&books, row))))
}
