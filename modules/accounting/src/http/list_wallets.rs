//! `GET /wallets`: lists all wallets.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use contracts::PersonId;
use contracts::permission::SeeBooks;
use kernel::http::auth::Authorized;
use kernel::http::csv::Exportable;
use kernel::http::paging::{Page, PageQuery};
use kernel::http::problem::ProblemDocument;
use kernel::text::parse_search;
use kernel::{ListOrder, ListPosition, Problem};
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::WalletView;
use crate::domain::{Wallet, WalletsFilter};
use crate::service::Accounting;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListWalletsQuery {
    /// Part of the owner's name, in upper or lower case. At most 200 characters.
    #[param(max_length = 200)]
    q: Option<String>,
    /// `true` lists only the wallets whose balance is below zero.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    below_zero: bool,
    /// `created`: the owner who was created first comes first, the default. `name`: by the owner's
    /// name.
    #[serde(default)]
    #[param(inline, value_type = Option<ListOrder>)]
    sort: ListOrder,
}

/// Lists all wallets
///
/// `Accept: text/csv` answers with all rows as a CSV file.
#[utoipa::path(
    tag = "wallets",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_books"))),
    params(ListWalletsQuery, PageQuery),
    responses(
        (status = 200, description = "A page of wallets", content((Page<WalletView> = "application/json"), (String = "text/csv"))),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the search text is not valid"),
    )
)]
#[get("/wallets")]
pub async fn list_wallets(
    _caller: Authorized<SeeBooks>,
    accounting: Data<Accounting>,
    Exportable { filter, export }: Exportable<ListWalletsQuery, ListPosition<PersonId>>,
) -> Result<HttpResponse, Problem> {
    let search = parse_search(filter.q.as_deref()).map_err(|error| Problem::invalid_fields(vec![error]))?;
    let order = filter.sort;
    let filter = WalletsFilter { order, search, below_zero: filter.below_zero };
    let books = accounting.clone();
    let read = move |after, limit| {
        let (accounting, filter) = (accounting.clone(), filter.clone());
        async move { accounting.list_wallets(&filter, after, limit).await }
    };
    let position = move |wallet: &Wallet| order.position(wallet.person_id, wallet.name.as_deref().unwrap_or_default());
    export.answer("wallets", read, position, move |wallet| WalletView::new(&books, wallet)).await
}
