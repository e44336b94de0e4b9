//! `GET /wallets/me/transfers`: lists the transfers of the caller's wallet.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use contracts::permission::SeeOwnWallet;
use kernel::Problem;
use kernel::http::auth::Authorized;
use kernel::http::csv::Exportable;
use kernel::http::paging::{Page, PageQuery};
use kernel::http::problem::ProblemDocument;

use super::views::{ListTransfersQuery, TransferView};
use crate::domain::Transfer;
use crate::service::Accounting;

/// Lists the transfers of the caller's wallet, latest first
///
/// `Accept: text/csv` answers with all rows as a CSV file.
#[utoipa::path(
    tag = "wallets",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_own_wallet"))),
    params(ListTransfersQuery, PageQuery),
    responses(
        (status = 200, description = "A page of transfers", content((Page<TransferView> = "application/json"), (String = "text/csv"))),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the range is not valid"),
    )
)]
#[get("/wallets/me/transfers")]
pub async fn list_my_transfers(
    caller: Authorized<SeeOwnWallet>,
    accounting: Data<Accounting>,
    Exportable { filter, export }: Exportable<ListTransfersQuery, (NaiveDate, i64)>,
) -> Result<HttpResponse, Problem> {
    let filter = filter.of(caller.person_id())?;
    let books = accounting.clone();
    let read = move |before, limit| {
        let accounting = accounting.clone();
        async move { accounting.list_my_transfers(filter, before, limit).await }
    };
    let key = |transfer: &Transfer| (transfer.business_day, transfer.line);
    export.answer("transfers", read, key, move |transfer| TransferView::new(&books, transfer)).await
}
