//! `GET /earnings`

use actix_web::get;
use actix_web::web::{Data, Json};
use contracts::permission::SeeBooks;
use kernel::auth::Authorized;
use kernel::http::Query;
use kernel::paging::Page;
use kernel::problem::ProblemDocument;
use kernel::{CalendarDate, Problem};
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::EarningsView;
use crate::{Accounting, DateRange};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct EarningsQuery {
    /// The first day; together with `to`. Without both: the last thirty days.
    #[param(value_type = Option<NaiveDate>)]
    from: Option<CalendarDate>,
    /// The last day, included.
    #[param(value_type = Option<NaiveDate>)]
    to: Option<CalendarDate>,
}

/// Lists the company's earnings, one row a day, latest first
#[utoipa::path(
    tag = "books",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("see_books"))),
    params(EarningsQuery),
    responses((status = 200, body = Page<EarningsView>), (status = 422, body = ProblemDocument))
)]
#[get("/earnings")]
pub async fn list_earnings(
    _caller: Authorized<SeeBooks>,
    books: Data<Accounting>,
    Query(query): Query<EarningsQuery>,
) -> Result<Json<Page<EarningsView>>, Problem> {
    let range = match (query.from, query.to) {
        (None, None) => None,
        (Some(from), Some(to)) => Some(
            DateRange::new(from.date(), to.date())
                .ok_or_else(|| Problem::invalid("?to", "a range ends where it begins or later, within ten years"))?,
        ),
        (Some(_), None) => return Err(Problem::invalid("?to", "`from` and `to` go together")),
        (None, Some(_)) => return Err(Problem::invalid("?from", "`from` and `to` go together")),
    };
    let rows = books.load_earnings(range).await?;
    let items = rows.iter().map(|row| EarningsView::new(&books, row)).collect();
    Ok(Json(Page { items, next_cursor: None }))
}
