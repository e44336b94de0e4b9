//! `GET /wallets/{person_id}/statements`: lists the days of a wallet with their totals.

use actix_web::get;
use actix_web::web::{Data, Json};
use chrono::NaiveDate;
use contracts::PersonId;
use contracts::permission::SeeBooks;
use kernel::Problem;
use kernel::http::Path;
use kernel::http::auth::Authorized;
use kernel::http::paging::{List, Page, PageQuery};
use kernel::http::problem::ProblemDocument;

use super::views::{DateRangeQuery, StatementTotalsView};
use crate::service::Accounting;

/// Lists the days on which something was booked for a person, latest first
#[utoipa::path(
    tag = "wallets",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_books"))),
    params(("person_id" = PersonId, Path, description = "The owner of the wallet"), DateRangeQuery, PageQuery),
    responses(
        (status = 200, body = Page<StatementTotalsView>, description = "A page of days"),
        (status = 404, body = ProblemDocument, description = "`accounting.wallet_not_found`"),
        (status = 422, body = ProblemDocument, description = "`invalid_request`: the range is not valid"),
    )
)]
#[get("/wallets/{person_id}/statements")]
pub async fn list_statements(
    _caller: Authorized<SeeBooks>,
    accounting: Data<Accounting>,
    Path(person_id): Path<PersonId>,
    List { filter, page }: List<DateRangeQuery, NaiveDate>,
) -> Result<Json<Page<StatementTotalsView>>, Problem> {
    let days = accounting.list_statements(person_id, filter.range()?, page.after, page.limit).await?;
    Ok(Json(page.cut(days, |day| day.business_day).map(|day| StatementTotalsView::new(&accounting, &day))))
}
