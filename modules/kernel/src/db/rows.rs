//! Reads the rows of a long statement ahead of the task that works on them.

use futures_util::{Stream, TryStreamExt};
use tokio::sync::mpsc;

/// Number of rows that wait for the receiver before the reader pauses.
const ROWS_AHEAD: usize = 1_000;

/// Sends the rows of a statement to their receiver.
pub struct RowSender<T, E>(mpsc::Sender<Result<T, E>>);

impl<T, E: From<sqlx::Error>> RowSender<T, E> {
    /// Sends all rows, or those that are read until the receiver is dropped.
    ///
    /// # Errors
    /// The statement fails.
    pub async fn send_all<R: Into<T>>(
        &self,
        mut rows: impl Stream<Item = Result<R, sqlx::Error>> + Unpin,
    ) -> Result<(), E> {
        while let Some(row) = rows.try_next().await? {
            if self.0.send(Ok(row.into())).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}

/// Runs `read` in a task of its own. The receiver gets the rows that it sends, and its error at the
/// end. The memory that this needs does not grow with the number of rows.
#[must_use]
pub fn read_ahead<T, E, F>(read: impl FnOnce(RowSender<T, E>) -> F) -> mpsc::Receiver<Result<T, E>>
where
    T: Send + 'static,
    E: Send + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(ROWS_AHEAD);
    let reading = read(RowSender(sender.clone()));
    tokio::spawn(async move {
        if let Err(error) = reading.await {
            // If the receiver was dropped, nothing reads the error.
            let _dropped = sender.send(Err(error)).await;
        }
    });
    receiver
}
