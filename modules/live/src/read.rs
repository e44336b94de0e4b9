//! Reads the state of people from the reports of tasks and accounting.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use contracts::PersonId;
use kernel::{DbError, ReadPool};

use crate::domain::{OpenTasks, Run, TasksState, WalletsState};
use crate::{Live, store};

impl Live {
    /// The open tasks of these people, and the runs.
    pub(crate) async fn load_tasks(&self, people: &[PersonId]) -> Result<TasksState, DbError> {
        let mut connection = self.tasks.acquire().await?;
        let found = store::list_open_tasks(&mut connection, people).await?;
        let runs = store::list_runs(&mut connection).await?;
        // The last statement, so that everything that was read is visible at this position.
        let lsn = store::load_position(&mut connection).await?;
        let mut open: HashMap<PersonId, OpenTasks> =
            people.iter().map(|person| (*person, OpenTasks::default())).collect();
        open.extend(found);
        let runs_version = version_of(&runs);
        Ok(TasksState { people: open, runs, runs_version, position: positions_at(&self.tasks, &lsn)? })
    }

    /// The wallets of these people.
    pub(crate) async fn load_wallets(&self, people: &[PersonId]) -> Result<WalletsState, DbError> {
        let mut connection = self.accounting.acquire().await?;
        let found = store::list_wallet_lines(&mut connection, people).await?;
        let lsn = store::load_position(&mut connection).await?;
        let mut lines: HashMap<PersonId, i64> = people.iter().map(|person| (*person, 0)).collect();
        lines.extend(found);
        Ok(WalletsState { lines, position: positions_at(&self.accounting, &lsn)? })
    }
}

fn version_of(runs: &[Run]) -> u64 {
    let mut hasher = DefaultHasher::new();
    runs.hash(&mut hasher);
    hasher.finish()
}

fn positions_at(pool: &ReadPool, lsn: &str) -> Result<String, DbError> {
    let positions = pool.positions_at(lsn).map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(positions.to_string())
}
