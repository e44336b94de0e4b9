//! `GET /wallets/{person_id}`

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::PersonId;
use contracts::permission::SeeBooks;
use kernel::Problem;
use kernel::auth::Authorized;
use kernel::http::Path;
use kernel::problem::ProblemDocument;

use super::views::WalletView;
use crate::{Accounting, Error};

/// Shows somebody's wallet
#[utoipa::path(
    tag = "wallets",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_books"))),
    params(("person_id" = PersonId, Path)),
    responses((status = 200, body = WalletView), (status = 404, body = ProblemDocument))
)]
#[get("/wallets/{person_id}")]
pub async fn get_wallet(
    _caller: Authorized<SeeBooks>,
    books: Data<Accounting>,
    Path(person_id): Path<PersonId>,
) -> Result<Json<WalletView>, Problem> {
    let row = books.load_wallet(person_id).await?.ok_or(Error::WalletNotFound)?;
    Ok(Json(WalletView::new(&books, row)))
}
