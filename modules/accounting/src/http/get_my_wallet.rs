//! `GET /wallets/me`

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::SeeOwnWallet;
use kernel::Problem;
use kernel::auth::Authorized;

use super::views::WalletView;
use crate::Accounting;

/// Shows the caller's wallet
#[utoipa::path(
    tag = "wallets",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_own_wallet"))),
    responses((status = 200, body = WalletView))
)]
#[get("/wallets/me")]
pub async fn get_my_wallet(
    caller: Authorized<SeeOwnWallet>,
    books: Data<Accounting>,
) -> Result<Json<WalletView>, Problem> {
    let person_id = caller.person_id();
    let wallet = books.load_wallet(person_id).await?;
    Ok(Json(match wallet {
        Some(row) => WalletView::new(&books, row),
        None => WalletView::empty(&books, person_id),
    }))
}
