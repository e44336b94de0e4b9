//! `GET /tasks/{id}/transfers`: lists what was booked for a task.

use actix_web::get;
use actix_web::web::{Data, Json};
use chrono::{DateTime, NaiveDate, Utc};
use contracts::permission::UseTasks;
use contracts::{Money, TaskId, TransferId};
use kernel::Problem;
use kernel::http::Path;
use kernel::http::auth::Authorized;
use kernel::http::paging::{List, NoFilter, Page, PageQuery};
use serde::Serialize;
use utoipa::ToSchema;

use super::views::{PersonView, TransferKindView};
use crate::domain::{Transfer, TransferKind};
use crate::service::Accounting;

/// What was booked for a task. Everybody may see it, so it has neither the balance of the wallet
/// nor the reason of a correction.
#[derive(Serialize, ToSchema)]
#[schema(as = TaskTransfer)]
struct TaskTransferView {
    /// The transfer's id.
    id: TransferId,
    /// Why the transfer exists. No payout belongs to a task.
    #[schema(value_type = TransferKindView)]
    kind: TransferKind,
    /// The owner of the wallet.
    person: PersonView,
    /// The change of the wallet's balance: negative if the wallet is debited.
    amount: Money,
    /// The transfer that a correction reverses. Null for other kinds.
    #[schema(required)]
    reverses: Option<TransferId>,
    /// The correction that reverses this transfer. Null if there is none.
    #[schema(required)]
    reversed_by: Option<TransferId>,
    /// When the assignment, the completion or the correction happened.
    occurred_at: DateTime<Utc>,
    /// When the transfer was booked.
    booked_at: DateTime<Utc>,
    /// The business day that the transfer is booked into.
    date: NaiveDate,
}

impl TaskTransferView {
    fn new(accounting: &Accounting, transfer: Transfer) -> Self {
        Self {
            id: transfer.transfer_id,
            kind: transfer.kind,
            person: PersonView { id: transfer.person_id, name: transfer.person_name },
            amount: accounting.money(transfer.change_minor),
            reverses: transfer.reverses,
            reversed_by: transfer.reversed_by,
            occurred_at: transfer.occurred_at,
            booked_at: transfer.booked_at,
            date: transfer.business_day,
        }
    }
}

/// Lists what was booked for a task, in the order of the bookings
///
/// Accounting learns of a task by events, so the list of a new or unknown task is empty.
#[utoipa::path(
    tag = "wallets",
    security(("bearer" = [])),
    extensions(("x-permission" = json!("use_tasks"))),
    params(("id" = TaskId, Path, description = "The task's id"), PageQuery),
    responses((status = 200, body = Page<TaskTransferView>, description = "A page of fees, rewards and corrections"))
)]
#[get("/tasks/{id}/transfers")]
pub async fn list_task_transfers(
    _caller: Authorized<UseTasks>,
    accounting: Data<Accounting>,
    Path(id): Path<TaskId>,
    List { page, .. }: List<NoFilter, TransferId>,
) -> Result<Json<Page<TaskTransferView>>, Problem> {
    let transfers = accounting.list_transfers_of_task(id, page.after, page.limit).await?;
    let page = page.cut(transfers, |transfer| transfer.transfer_id);
    Ok(Json(page.map(|transfer| TaskTransferView::new(&accounting, transfer))))
}
