//! The events of a stream as a client sees them.

use contracts::ReassignmentId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{Change, Versions};
use crate::watch::Shown;

/// One event of the stream.
#[derive(Serialize, ToSchema)]
#[serde(tag = "event", content = "data", rename_all = "lowercase")]
#[schema(as = LiveEvent)]
pub(super) enum LiveEventView {
    Connected(ConnectedView),
    Tasks(TasksChangedView),
    Wallet(WalletChangedView),
    Run(RunProgressedView),
}

/// What a run does now.
// Only the API document has this type: a run has the status as text.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = RunStatus)]
pub(super) enum RunStatusView {
    /// The run waits for the runs before it.
    Queued,
    /// Some tasks are assigned again.
    Running,
    /// No person is assignable. The run continues when a person becomes assignable.
    Blocked,
    /// All tasks are done.
    Completed,
}

/// The data of `connected`, the first event of a stream.
#[derive(Serialize, ToSchema)]
pub(super) struct ConnectedView {
    /// Whether the stream continues after `Last-Event-ID`. If not, load everything now.
    resumed: bool,
}

/// The data of `tasks`: a task came, went, was assigned again or got its price.
#[derive(Serialize, ToSchema)]
pub(super) struct TasksChangedView {
    /// Number of the caller's open tasks.
    #[schema(minimum = 0)]
    open: i64,
    /// Send it as `x-piecework-position` with the next reads.
    #[schema(example = "tracker=0/16B3748")]
    position: String,
}

/// The data of `wallet`: something was booked.
#[derive(Serialize, ToSchema)]
pub(super) struct WalletChangedView {
    /// Number of the lines of the caller's wallet.
    #[schema(minimum = 0)]
    lines: i64,
    /// Send it as `x-piecework-position` with the next reads.
    #[schema(example = "accounting=0/16B3748")]
    position: String,
}

/// The data of `run`: a reassign has progressed.
#[derive(Serialize, ToSchema)]
pub(super) struct RunProgressedView {
    #[schema(value_type = uuid::Uuid)]
    id: ReassignmentId,
    #[schema(value_type = RunStatusView)]
    status: String,
    /// Number of the tasks that were open when the run was requested.
    #[schema(minimum = 0)]
    total: i64,
    /// Number of the tasks that the run has handled.
    #[schema(minimum = 0)]
    done: i64,
    /// Number of the tasks that the run has assigned again.
    #[schema(minimum = 0)]
    reassigned: i64,
    /// Send it as `x-piecework-position` with the next reads.
    #[schema(example = "tracker=0/16B3748")]
    position: String,
}

impl From<Shown> for LiveEventView {
    fn from(shown: Shown) -> Self {
        match shown {
            Shown::Connected { is_resumed } => Self::Connected(ConnectedView { resumed: is_resumed }),
            Shown::Changed(Change::Tasks { open, position }) => Self::Tasks(TasksChangedView { open, position }),
            Shown::Changed(Change::Wallet { lines, position }) => Self::Wallet(WalletChangedView { lines, position }),
            Shown::Changed(Change::Run { run, position }) => Self::Run(RunProgressedView {
                id: run.reassignment_id,
                status: run.status,
                total: run.total,
                done: run.done,
                reassigned: run.reassigned,
                position,
            }),
        }
    }
}

/// One event as text.
pub(super) fn event_text(versions: Versions, shown: Shown) -> Result<String, serde_json::Error> {
    let event = serde_json::to_value(LiveEventView::from(shown))?;
    let name = event["event"].as_str().unwrap_or_default();
    Ok(format!("id: {versions}\nevent: {name}\ndata: {}\n\n", event["data"]))
}
