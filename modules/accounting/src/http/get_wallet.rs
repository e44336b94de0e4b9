//! `GET /wallets/{person_id}`: gets a person's wallet.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::PersonId;
use contracts::permission::SeeBooks;
use kernel::Problem;
use kernel::http::Path;
use kernel::http::auth::Authorized;
use kernel::http::problem::ProblemDocument;

use super::views::WalletView;
use crate::error::Error;
use crate::service::Accounting;

/// Gets a person's wallet
#[utoipa::path(
    tag = "wallets",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_books"))),
    params(("person_id" = PersonId, Path, description = "The owner of the wallet")),
    responses(
        (status = 200, body = WalletView, description = "The wallet"),
        (status = 404, body = ProblemDocument, description = "`accounting.wallet_not_found`"),
    )
)]
#[get("/wallets/{person_id}")]
pub async fn get_wallet(
    _caller: Authorized<SeeBooks>,
    accounting: Data<Accounting>,
    Path(person_id): Path<PersonId>,
) -> Result<Json<WalletView>, Problem> {
    let wallet = accounting.get_wallet(person_id).await?.ok_or(Error::WalletNotFound)?;
    Ok(Json(WalletView::new(&accounting, wallet)))
}
