//! `GET /wallets/me`: gets the caller's wallet.

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::SeeOwnWallet;
use kernel::Problem;
use kernel::http::auth::Authorized;

use super::views::WalletView;
use crate::service::Accounting;

/// Gets the caller's wallet
#[utoipa::path(
    tag = "wallets",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_own_wallet"))),
    responses((status = 200, body = WalletView, description = "The wallet"))
)]
#[get("/wallets/me")]
pub async fn get_my_wallet(
    caller: Authorized<SeeOwnWallet>,
    accounting: Data<Accounting>,
) -> Result<Json<WalletView>, Problem> {
    let person_id = caller.person_id();
    let view = match accounting.get_wallet(person_id).await? {
        Some(wallet) => WalletView::new(&accounting, wallet),
        None => WalletView::empty(&accounting, person_id),
    };
    Ok(Json(view))
}
