//! `GET /payouts`

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::PersonId;
use contracts::permission::SeeBooks;
use kernel::auth::Authorized;
use kernel::http::Query;
use kernel::paging::{self, Page};
use kernel::{CalendarDate, Problem};

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
    let before = paging::decode::<(CalendarDate, PersonId)>(query.cursor.as_deref())?;
    let before = before.map(|(day, person_id)| (day.date(), person_id.uuid()));
    let rows = books.list_payouts(before, query.limit).await?;
    let page = Page::cut(rows, query.limit, |row| (row.business_day, row.person_id));
    Ok(Json(page.map(|row| TransferView::new(&books, row))))
}
