//! `GET /wallets/{person_id}/transfers`

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::PersonId;
use contracts::permission::SeeBooks;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::{Path, Query};
use kernel::paging::Page;
use kernel::problem::ProblemDocument;

use super::views::{PageQuery, TransferView, before_line};
use crate::{Accounting, Error};

/// Lists the lines of somebody's wallet, latest first
#[utoipa::path(
    tag = "wallets",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_books"))),
    params(("person_id" = PersonId, Path), PageQuery),
    responses((status = 200, body = Page<TransferView>), (status = 404, body = ProblemDocument))
)]
#[get("/wallets/{person_id}/transfers")]
pub async fn list_wallet_transfers(
    _caller: Authorized<SeeBooks>,
    books: Data<Accounting>,
    Path(person_id): Path<PersonId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<TransferView>>, Problem> {
    books.load_wallet(person_id).await?.ok_or(Error::WalletNotFound)?;
    let rows = books.list_transfers(person_id, before_line(&query)?, query.limit).await?;
    Ok(Json(Page::cut(rows, query.limit, |row| (row.business_day, row.line)).map(|row| TransferView::new(&books, row))))
}
