//! `GET /payouts`

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::SeeBooks;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Query;
use kernel::paging::{self, Page};

use super::views::{PageQuery, TransferView};
use crate::Accounting;

/// Lists the payouts, latest day first
#[utoipa::path(
    tag = "books",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_books"))),
    params(PageQuery),
    responses((status = 200, body = Page<TransferView>))
)]
#[get("/payouts")]
pub async fn list_payouts(
    _caller: Authorized<SeeBooks>,
    books: Data<Accounting>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<TransferView>>, Problem> {
    let rows = books.list_payouts(paging::decode(query.cursor.as_deref())?, query.limit).await?;
    let page = Page::cut(rows, query.limit, |row| (row.business_day, row.person_id));
    Ok(Json(page.map(|row| TransferView::new(&books, row))))
}
