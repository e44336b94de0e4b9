//! `GET /transfers/{id}`: gets a transfer.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::TransferId;
use contracts::permission::SeeBooks;
use kernel::Problem;
use kernel::http::Path;
use kernel::http::auth::Authorized;
use kernel::http::problem::ProblemDocument;

use super::views::TransferView;
use crate::service::Accounting;

/// Gets a transfer
#[utoipa::path(
    tag = "books",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_books"))),
    params(("id" = TransferId, Path, description = "The transfer")),
    responses(
        (status = 200, body = TransferView, description = "The transfer"),
        (status = 404, body = ProblemDocument, description = "`accounting.transfer_not_found`"),
    )
)]
#[get("/transfers/{id}")]
pub async fn get_transfer(
    _caller: Authorized<SeeBooks>,
    accounting: Data<Accounting>,
    Path(id): Path<TransferId>,
) -> Result<Json<TransferView>, Problem> {
    let transfer = accounting.get_transfer(id).await?;
    Ok(Json(TransferView::new(&accounting, transfer)))
}
