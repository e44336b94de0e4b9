//! `GET /transfers`: lists what was booked into a business day, for all people.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use contracts::TransferId;
use contracts::permission::SeeBooks;
use kernel::http::auth::Authorized;
use kernel::http::csv::Exportable;
use kernel::http::paging::{Page, PageQuery};
use kernel::{CalendarDate, Problem};
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::{TransferKindView, TransferView};
use crate::domain::{Transfer, TransferKind};
use crate::service::Accounting;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListTransfersOfDayQuery {
    /// The business day; by default the open one.
    #[param(value_type = Option<NaiveDate>)]
    date: Option<CalendarDate>,
    /// Lists only transfers of this kind.
    #[param(inline, value_type = Option<TransferKindView>)]
    kind: Option<TransferKind>,
}

/// Lists what was booked into a business day, latest first: the rows behind its figures
///
/// `Accept: text/csv` answers with all rows as a CSV file.
#[utoipa::path(
    tag = "books",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_books"))),
    params(ListTransfersOfDayQuery, PageQuery),
    responses((status = 200, description = "A page of transfers", content((Page<TransferView> = "application/json"), (String = "text/csv"))))
)]
#[get("/transfers")]
pub async fn list_transfers_of_day(
    _caller: Authorized<SeeBooks>,
    accounting: Data<Accounting>,
    Exportable { filter, export }: Exportable<ListTransfersOfDayQuery, TransferId>,
) -> Result<HttpResponse, Problem> {
    let date = match filter.date {
        Some(date) => date.date(),
        None => accounting.get_open_day().await?,
    };
    let books = accounting.clone();
    let read = move |before, limit| {
        let accounting = accounting.clone();
        async move { accounting.list_transfers_of_day(date, filter.kind, before, limit).await }
    };
    let key = |transfer: &Transfer| transfer.transfer_id;
    export.answer("transfers", read, key, move |transfer| TransferView::new(&books, transfer)).await
}
